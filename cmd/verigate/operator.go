package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/verigate/verigate/config"
	"github.com/verigate/verigate/internal/demofile"
)

// operatorFlags say which running gateway an operator's command speaks to, and with which key.
type operatorFlags struct {
	Admin   string            `help:"Base URL of the gateway's admin listener; default: the demo's." placeholder:"URL"`
	KeyFile config.SecretFile `name:"key-file" help:"File with an operator's API key; default: the demo's." placeholder:"FILE"`
	Demo    string            `help:"Data folder of a running demo; its demo.json gives address and key." default:"./data/demo" placeholder:"DIR"`
}

// operator speaks to an admin listener.
type operator struct{ admin, key string }

func (f *operatorFlags) operator() (*operator, error) {
	o := &operator{admin: strings.TrimRight(f.Admin, "/")}
	if o.admin != "" {
		if err := baseURL("--admin", o.admin); err != nil {
			return nil, err
		}
	}
	if f.KeyFile.Set() {
		key, err := f.KeyFile.Read()
		if err != nil {
			return nil, usage(fmt.Errorf("reading --key-file: %w", err))
		}
		o.key = string(key)
	}
	if o.admin != "" && o.key != "" {
		return o, nil
	}
	demo, err := demofile.Read(f.Demo)
	if err != nil {
		return nil, usage(fmt.Errorf("finding a gateway: no demo runs in %s (start `verigate demo`, or give --admin and --key-file): %w", f.Demo, err))
	}
	if o.admin == "" {
		o.admin = demo.Admin
	}
	if o.key == "" {
		o.key = demo.OperatorKey
	}
	return o, nil
}

// do sends body, unless it is nil, as JSON and reads the answer into answer. A refusal is an error with its code.
func (o *operator) do(ctx context.Context, method, path string, body, answer any) error {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, o.admin+path, text)
	if err != nil {
		return usage(fmt.Errorf("reading --admin: %w", err))
	}
	status, reply, err := send(req, o.key)
	if err != nil {
		return o.advise(err)
	}
	if status >= http.StatusBadRequest {
		return o.advise(problemError(status, reply))
	}
	return json.Unmarshal(reply, answer)
}

// maxReply bounds what is read of a gateway's answer, in bytes.
const maxReply = 16 << 20

// send asks a gateway with a key and JSON, and returns the status and the body of its answer.
func send(req *http.Request, key string) (status int, reply []byte, err error) {
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("asking the gateway: %w", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if reply, err = io.ReadAll(io.LimitReader(resp.Body, maxReply)); err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return resp.StatusCode, reply, nil
}
