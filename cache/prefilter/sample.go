package prefilter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/verigate/verigate/identity"
)

// Sample draws n of the identifiers of one kind that a registry has issued, or fewer where there are fewer: all from one
// block of its export, which is chosen by chance. It costs the registry one block, not the nation.
func Sample(ctx context.Context, src Source, kind identity.Kind, n int) ([]identity.Key, error) {
	keys, err := sample(ctx, src, kind, n)
	if err != nil {
		return nil, fmt.Errorf("drawing identifiers of kind %s: %w", kind, err)
	}
	return keys, nil
}

func sample(ctx context.Context, src Source, kind identity.Kind, n int) ([]identity.Key, error) {
	first, err := openBlock(ctx, src, kind, "", 0)
	if err != nil {
		return nil, err
	}
	packed, err := first.next(nil)
	first.close()
	if err != nil {
		return nil, err
	}
	if at := rand.Uint64N(first.header.Blocks); at > 0 {
		other, err := openBlock(ctx, src, kind, first.header.Snapshot, at)
		if err != nil {
			return nil, err
		}
		packed, err = other.next(nil)
		other.close()
		if err != nil {
			return nil, err
		}
	}
	rand.Shuffle(len(packed), func(i, j int) { packed[i], packed[j] = packed[j], packed[i] })
	keys := make([]identity.Key, 0, min(n, len(packed)))
	for _, p := range packed[:cap(keys)] {
		k, ok := identity.UnpackKey(kind, p)
		if !ok {
			return nil, errors.New("the export holds what is no identifier")
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// openedBlock is an export of which only the first block is wanted.
type openedBlock struct {
	*exportReader
	body io.Closer
}

func openBlock(ctx context.Context, src Source, kind identity.Kind, snapshot string, after uint64) (openedBlock, error) {
	body, err := src.Export(ctx, kind, snapshot, after)
	if err != nil {
		return openedBlock{}, err
	}
	r, err := newExportReader(body, kind)
	if err == nil && r.header.After != after {
		err = fmt.Errorf("export begins after block %d, not %d", r.header.After, after)
	}
	if err != nil {
		return openedBlock{}, errors.Join(err, body.Close())
	}
	return openedBlock{r, body}, nil
}

func (b *openedBlock) close() { _ = b.body.Close() }
