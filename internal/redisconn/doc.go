// Package redisconn reaches Redis: a single server, one behind Sentinel, or a Cluster, with the same settings for every
// room that shares something between nodes.
//
// It promises a client that gives up in time: no retries, no long time-outs, deadlines obeyed. It does not connect by
// itself, so a Redis that is down is found out by the first command and never at start. It must never print a password,
// nor a URL that may hold one.
package redisconn
