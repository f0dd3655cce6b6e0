// Package v1 is the language of the native API: it reads questions, writes answers and problems, and holds the OpenAPI
// description. It knows nothing of connections, callers or registries; package gateway drives it.
//
// It promises strict reading (a body is understood completely or refused, and the refusal names the member at fault but
// never a value) and a fixed order of members in every answer. It must never allocate on the way of a good lookup.
package v1
