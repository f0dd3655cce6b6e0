package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/verigate/verigate/internal/proc"
)

// subject is a running server under measurement.
type subject struct {
	name, addr string
	*proc.Process
}

// question is one request, the same for every subject but for the Host header.
type question struct {
	key  string
	body []byte
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "verigate-bench-")
	if err != nil {
		return fmt.Errorf("making a data folder: %w", err)
	}
	defer os.RemoveAll(dir)
	server, client := halves()
	today := time.Now().In(time.FixedZone("", 7*60*60)).Format(time.DateOnly)
	demo, err := proc.StartDemo(append(server, o.verigate), filepath.Join(dir, "demo"), time.Minute,
		"--unlimited", "--people", strconv.Itoa(o.people), "--today", today)
	if err != nil {
		return err
	}
	defer demo.Kill()
	questions, err := draw(o, demo, today)
	if err != nil {
		return err
	}
	reply, err := warm(demo, questions)
	if err != nil {
		return err
	}
	subjects := []subject{{"verigate", strings.TrimPrefix(demo.Gateway, "http://"), demo.Process}}
	for _, name := range []string{"fasthttp", "nethttp"} {
		s, err := startRival(name, dir, server, reply)
		if err != nil {
			return err
		}
		defer s.Kill()
		subjects = append(subjects, s)
	}
	c, err := newClient(o, client, dir, questions)
	if err != nil {
		return err
	}
	fmt.Printf("request body %d bytes, reply body %d bytes, %d connections, %s, by %s\n",
		len(questions[0].body), len(reply), o.conns, layout(server, client), c.name())
	rounds, err := measure(o, c, subjects)
	if err != nil {
		return err
	}
	return report(o, c, rounds, len(questions[0].body), len(reply), layout(server, client))
}

// halves returns the commands that put the server on one half of the cores and the client on the other.
func halves() (server, client []string) {
	n := runtime.NumCPU()
	if _, err := exec.LookPath("taskset"); err != nil || n < 2 {
		return nil, nil
	}
	set := func(from, to int) []string {
		if from == to {
			return []string{"taskset", "-c", strconv.Itoa(from)}
		}
		return []string{"taskset", "-c", fmt.Sprintf("%d-%d", from, to)}
	}
	return set(0, n/2-1), set(n/2, n-1)
}

func layout(server, client []string) string {
	if server == nil {
		return "server and client share all cores"
	}
	return "server on core " + server[2] + ", client on core " + client[2]
}

// draw makes questions whose answer is a match.
func draw(o options, demo *proc.Demo, today string) ([]question, error) {
	out, err := exec.Command(o.verigate, "registry", "sample", "--people", strconv.Itoa(o.people), "--seed", strconv.FormatUint(demo.Seed, 10),
		"--today", today, "--count", strconv.Itoa(o.questions), "--mix", "valid", "--format", "ndjson").Output()
	if err != nil {
		return nil, fmt.Errorf("drawing samples: %w", err)
	}
	var questions []question
	for line := range bytes.Lines(out) {
		var s map[string]string
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("reading samples: %w", err)
		}
		q := map[string]string{"name": s["name"], "dob": s["dob"]}
		for _, k := range []string{"id", "code", "card"} {
			if s[k] != "" {
				q[k] = s[k]
				break
			}
		}
		body, err := json.Marshal(q)
		if err != nil {
			return nil, fmt.Errorf("writing a question: %w", err)
		}
		questions = append(questions, question{demo.ClinicKey, body})
	}
	if len(questions) == 0 {
		return nil, errors.New("drawing samples: none came")
	}
	return questions, nil
}

// warm asks every question twice and returns the last reply, which must come from memory.
func warm(demo *proc.Demo, questions []question) (reply []byte, err error) {
	for range 2 {
		for _, q := range questions {
			if reply, err = ask(demo.Gateway+"/v1/lookup", q); err != nil {
				return nil, fmt.Errorf("warming up: %w", err)
			}
		}
	}
	if !bytes.Contains(reply, []byte(`"source":"local"`)) {
		return nil, fmt.Errorf("warming up: the second answer is not from the local cache: %s", reply)
	}
	return reply, nil
}

func ask(url string, q question) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+q.key)
	req.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", reply.StatusCode, body)
	}
	return body, err
}

func startRival(name, dir string, server []string, reply []byte) (subject, error) {
	self, err := os.Executable()
	if err != nil {
		return subject{}, fmt.Errorf("finding this program: %w", err)
	}
	file := filepath.Join(dir, "reply.json")
	if err := os.WriteFile(file, reply, 0o600); err != nil {
		return subject{}, fmt.Errorf("keeping the reply: %w", err)
	}
	addr, err := proc.FreeAddr()
	if err != nil {
		return subject{}, err
	}
	command := append(append([]string{}, server...), self, "-serve", name, "-addr", addr, "-reply", file)
	p, err := proc.Start(nil, command[0], command[1:]...)
	if err != nil {
		return subject{}, err
	}
	for range 500 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return subject{name, addr, p}, c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.Kill()
	return subject{}, fmt.Errorf("rival %s does not listen; it printed %s", name, p.Output())
}
