// Package gateway is the public HTTP edge. It admits a request, finds out who asks, reads the question in the dialect
// it was put in (the native API in v1, the national portal's contract in portal), hands it to the resolver, and writes
// the answer. The steps are files of the same name; [Server.walk] is the whole of it on one screen.
//
// It promises that every request gets exactly one answer in its own dialect, that whatever is wrong with the input is
// a 4xx (or the portal's code for it) and never a panic, and that nothing of the input that could identify a person
// appears in an answer's error text, a log, a span or a metric.
//
// It fails closed where a decision cannot be recorded and where a caller cannot be known, and sheds load (503, the
// portal's 101) when too much is under way at once. It must never keep a view into a request after the handler has
// returned, and must never decide what an answer is: that is the resolver's.
package gateway
