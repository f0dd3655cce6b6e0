// Package portaltest holds clients of the national portal's contract as hospitals run them: programs that cut the text
// at fixed marks, that split it at commas, that read it into strict types, that index every key, that log in again on
// a refusal. Each consumes answers the way its family does and fails where the real one would fail, so a server that
// satisfies them can stand in for the portal. They need nothing but a base URL. Only tests import this package.
package portaltest
