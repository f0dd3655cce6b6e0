// Package telemetry publishes what the gateway counts and traces. It is the only importer of the OpenTelemetry SDK and
// its exporters: the rooms keep their counts in [metric.Set] and open spans through the tracing API.
//
// It promises that publishing never slows or fails a request: counts are read when a scraper asks, one request in many
// is traced, and that is decided before a span exists. It fails open: a collector that is down costs dropped spans, a
// count of them and a line in the log now and then.
//
// It must never let personal data out. Attributes leave only under the keys in [Keys]; whatever else a span was given
// is dropped before it is exported.
package telemetry
