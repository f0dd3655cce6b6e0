package cachetest

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/verigate/verigate/internal/proc"
)

// Redis starts a real redis-server that ends with the test.
func Redis(t testing.TB) *proc.Redis {
	t.Helper()
	r, err := proc.StartRedis("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
	return r
}

// Cluster starts a Redis Cluster of three masters that ends with the test, and returns their addresses.
func Cluster(t testing.TB) []string {
	t.Helper()
	const nodes, slots = 3, 16384
	var addrs []string
	for range nodes {
		addrs = append(addrs, clusterNode(t))
	}
	for i, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		must(t, c.ClusterAddSlotsRange(t.Context(), i*slots/nodes, (i+1)*slots/nodes-1).Err())
		host, port, _ := net.SplitHostPort(addrs[0])
		must(t, c.Do(t.Context(), "CLUSTER", "MEET", host, port, busPort(t, addrs[0])).Err())
	}
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		Eventually(t, "the cluster to form", func() bool {
			info, err := c.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return addrs
}

func clusterNode(t testing.TB) string {
	addr, bus := freeAddr(t), freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	_, busPort, _ := net.SplitHostPort(bus)
	p, err := proc.Start(nil, "redis-server", "--bind", host, "--port", port, "--save", "", "--dir", t.TempDir(),
		"--cluster-enabled", "yes", "--cluster-port", busPort, "--cluster-config-file", "nodes.conf")
	must(t, err)
	t.Cleanup(p.Kill)
	answers(t, p, addr)
	return addr
}

// busPort asks a node for its cluster port.
func busPort(t testing.TB, addr string) string {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	m, err := c.ConfigGet(t.Context(), "cluster-port").Result()
	must(t, err)
	return m["cluster-port"]
}

// Sentinel starts a Sentinel that watches r under the name "verigate", and returns its address.
func Sentinel(t testing.TB, r *proc.Redis) string {
	t.Helper()
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	conf := t.TempDir() + "/sentinel.conf"
	must(t, os.WriteFile(conf, nil, 0o600))
	p, err := proc.Start(nil, "redis-server", conf, "--sentinel", "--bind", "127.0.0.1", "--port", port)
	must(t, err)
	t.Cleanup(p.Kill)
	answers(t, p, addr)
	c := redis.NewSentinelClient(&redis.Options{Addr: addr})
	defer c.Close()
	host, masterPort, _ := net.SplitHostPort(r.Addr)
	must(t, c.Monitor(t.Context(), "verigate", host, masterPort, "1").Err())
	return addr
}

func answers(t testing.TB, p *proc.Process, addr string) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer c.Close()
	Eventually(t, "redis-server on "+addr, func() bool {
		select {
		case <-p.Done():
			t.Fatal(errors.New(p.Output()))
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return c.Ping(ctx).Err() == nil
	})
}

// Eventually waits up to 20 s for something outside this process.
func Eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func freeAddr(t testing.TB) string {
	addr, err := proc.FreeAddr()
	must(t, err)
	return addr
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
