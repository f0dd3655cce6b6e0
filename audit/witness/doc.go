// Package witness is the other side of the audit log: somebody else's program that is shown every checkpoint, checks
// that each continues the one before, and says so with a signature of its own (C2SP tlog-witness and
// tlog-cosignature). Whoever holds a checkpoint that a witness cosigned knows that the log cannot show another past to
// somebody else.
//
// It promises never to cosign two checkpoints of a log of which one does not continue the other, also after a crash: what
// it cosigned is on disk before the signature leaves. It fails closed: a checkpoint that it cannot check or keep is not
// cosigned. It must never sign anything but checkpoints of logs it was told of, and learns nothing of what they hold.
package witness
