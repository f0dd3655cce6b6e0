package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/valyala/fasthttp"
)

// serveRival answers every request with the bytes in file: as much as the framework can do when nothing is decided.
func serveRival(name, addr, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the reply: %w", err)
	}
	switch name {
	case "fasthttp":
		s := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("application/json")
			ctx.Response.AppendBody(body)
		}}
		return s.ListenAndServe(addr)
	case "nethttp":
		length := strconv.Itoa(len(body))
		s := &http.Server{Addr: addr, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the connection is kept only when the body was read
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(body)
		})}
		return s.ListenAndServe()
	default:
		return fmt.Errorf("no rival is called %q", name)
	}
}
