// Package portal is the national portal's contract, byte for byte: the paths, the many shapes of body that hospital
// software sends, tokens, and answers whose every byte some client depends on. It knows nothing of connections, callers
// or registries; package gateway drives it.
//
// It promises that whatever a client of ten years' standing sends is understood or answered with a result code, never
// with a broken connection, and that answers keep their keys, their order and their nulls. It is lenient where the
// portal is and fails closed where a token is concerned. It must never put text of the caller's into an answer that the
// contract does not echo there.
package portal
