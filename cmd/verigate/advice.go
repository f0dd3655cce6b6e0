package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/verigate/verigate/cache/prefilter"
)

// baseURL refuses what cannot be the address of a server; setting is the flag it came from.
func baseURL(setting, value string) error {
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage(fmt.Errorf("%s %q: must be an http or https URL, for instance http://127.0.0.1:9090", setting, value))
	}
	return nil
}

// openGeneration opens a generation file for a command that reads it; a refusal says what to do about it.
func openGeneration(file string) (*prefilter.Generation, error) {
	g, err := prefilter.Open(file, prefilter.Expect{})
	refused, ok := errors.AsType[*prefilter.Refused](err)
	switch {
	case err == nil:
		return g, nil
	case errors.Is(err, os.ErrNotExist):
		return nil, usage(fmt.Errorf("%w; give a file that `verigate filter build` wrote, or cache.filter.path of a gateway", err))
	case ok && refused.Reason == prefilter.ReasonRead:
		return nil, fmt.Errorf("%w; give a file that this user may read", err)
	case ok && refused.Reason == prefilter.ReasonHash:
		return nil, fmt.Errorf("%w; build one with the verigate that is to use it: verigate filter build --out FILE", err)
	}
	return nil, fmt.Errorf("%w; if it is a prefilter, it is of no use any more: have the gateway build another (verigate filter rebuild), or do it here (verigate filter build --out FILE)", err)
}

// advise adds to why exports could not be read what to look at.
func (c *filterSource) advise(err error) error {
	var permanent *prefilter.Permanent
	switch {
	case err == nil:
		return nil
	case c.From != "" && errors.As(err, &permanent):
		return fmt.Errorf("%w; --from %s needs id.keys, code.keys and card.keys, each a whole reply of GET /keys in the compact form", err, c.From)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; is the registry running, and is --registry %s its address?", err, c.Registry)
	case errors.As(err, &permanent) && strings.Contains(err.Error(), "answered 40"):
		return fmt.Errorf("%w; --registry must be the base URL of a record API, and --token-file or --cert-file what it lets you in by", err)
	}
	return err
}

// advise adds to why a gateway could not be asked what to look at.
func (o *operator) advise(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w; is the gateway running, and is %s its admin listener (admin.listen)?", err, o.admin)
	case strings.HasPrefix(err.Error(), "path_unknown"):
		return fmt.Errorf("path_unknown: %s is not a gateway's admin listener (admin.listen), or one of another version", o.admin)
	case strings.HasPrefix(err.Error(), "scope_missing"), strings.HasPrefix(err.Error(), "key_unknown"):
		return fmt.Errorf("%w (--key-file must hold an operator's key)", err)
	}
	return err
}
