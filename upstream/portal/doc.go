// Package portal speaks the national portal's contract as a client: a hospital group or a province puts verigate in
// front of the portal, or of another verigate.
//
// One session serves everybody: the token is taken once, kept, and renewed once when the other side refuses it. What the
// other side says is good for the claims it was asked with and no others, and it is passed on as it was said; only
// technical codes become trouble. It must never ask twice for one lookup but after a refused token, never send a
// password in the clear, and never put an identifier, a name or the token into an error.
package portal
