// Package upstream speaks kindly to registries: it coalesces equal questions, gathers waiting ones into one call, keeps
// few calls on their way at once, stops asking a registry that fails, and retries within a budget.
//
// It fails honestly: whatever goes wrong leaves the entry unsettled with a [verify.Trouble] that says why; it never
// turns trouble into an absence. Each waiter leaves on its own context; the call it started goes on for the others and
// for the caches. It must never let one caller's hang-up fail another, nor retry more than the budget allows.
//
// The dialects (how a question is put on the wire) are sub-packages: records for the registry's record API.
package upstream
