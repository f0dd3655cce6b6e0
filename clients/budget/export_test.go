package budget

import "context"

// Exchange is one round with Redis, for tests in simulated time.
func (b *Budget) Exchange(ctx context.Context) error { return b.exchange(ctx) }
