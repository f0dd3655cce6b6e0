// Package adminapi is the caller directory for operators over HTTP: what `verigate clients` does, by the same code, as
// routes of the admin listener.
//
// It promises that a secret leaves only in the answer to the request that made it, and that hashes never do. It knows
// nothing of who may ask and of the audit log: whoever mounts the routes sees to both before a route is called, and
// writes the answers. It fails closed: while the directory cannot be changed, nothing is.
//
// It must never take a staff member's number in a path, because paths are logged.
package adminapi
