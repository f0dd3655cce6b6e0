// Package registry is the reference registry: it stands in for the national database behind the gateway, as large and
// as awkward as the real one. It serves the record API of docs/registry-api.md over a computed nation (package nation)
// and an overlay of what was changed since, and it can be made to fail on purpose.
//
// What it promises: every change has a version from one counter that only rises and survives restarts; a change is on
// disk before anybody sees it, and in the feed before it is in an answer; an answer of "absent" carries a version below
// that of any later birth; an export carries exactly the keys of its snapshot, and a feed token taken before its walk.
//
// How it fails: closed. What cannot be written to the data folder is not done; a damaged data folder stops the start,
// except for an incomplete last line, which a crash leaves behind and which is dropped and reported.
//
// It is a stranger's program that happens to live here: it never imports the gateway's packages, and nothing but
// commands and tests import it. No identifier, name or birth date is ever in its logs or its refusals.
package registry
