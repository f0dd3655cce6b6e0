// National mix, open model: half the lookups through the native API, half through the portal's contract, each answer
// compared with what its sample must get. Started by `make load`, which sets the environment below.
import http from 'k6/http';
import crypto from 'k6/crypto';
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';
import { Counter } from 'k6/metrics';

const env = __ENV;
const demo = JSON.parse(open(env.DEMO_FILE));
const samples = new SharedArray('samples', () =>
  open(env.SAMPLES_FILE).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)));
const forPortal = new SharedArray('portal samples', () => samples.filter((s) => s.portal_code && (s.id || s.code || s.card)));

const wrong = new Counter('wrong_outcomes');
const errors = new Counter('errors');

const perDialect = (name) => ({
  executor: 'constant-arrival-rate', exec: name, rate: Math.ceil(Number(env.RATE) / 2), timeUnit: '1s', duration: env.DURATION,
  preAllocatedVUs: 40, maxVUs: 400,
});

export const options = {
  scenarios: { native: perDialect('native'), portal: perDialect('portal') },
  thresholds: {
    wrong_outcomes: ['count==0'],
    errors: ['count==0'],
    dropped_iterations: ['count==0'],
    'http_req_duration{scenario:native}': ['p(99)<25'],
    'http_req_duration{scenario:portal}': ['p(99)<25'],
  },
  summaryTrendStats: ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
};

// A clinic's program logs in once and keeps its token.
export function setup() {
  const password = crypto.md5(demo.portal_password, 'hex');
  const reply = http.post(`${demo.gateway}/api/token/take`, JSON.stringify({ username: demo.portal_username, password }),
    { headers: { 'Content-Type': 'application/json' } });
  const body = reply.json();
  if (body.maKetQua !== '200') exec.test.abort(`portal log-in answered ${body.maKetQua}`);
  const q = { token: body.APIKey.access_token, id_token: body.APIKey.id_token, username: demo.portal_username, password };
  return { query: Object.entries(q).map(([k, v]) => `${k}=${v}`).join('&') };
}

const nativeParams = { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${demo.clinic_key}` },
  responseCallback: http.expectedStatuses(200, 400), tags: { name: 'lookup' } };
const portalParams = { headers: { 'Content-Type': 'application/json; charset=utf-8' }, tags: { name: 'KQNhanLichSuKCB2019' } };

// Each run of an iteration takes the next sample; the two dialects start at opposite ends.
const next = (list, from) => list[(from + exec.scenario.iterationInTest) % list.length];

export function native() {
  const s = next(samples, 0);
  const question = {};
  for (const key of ['id', 'code', 'card', 'qr']) {
    if (s[key]) { question[key] = s[key]; break; }
  }
  for (const key of ['name', 'dob', 'sex', 'facility', 'on']) if (s[key]) question[key] = s[key];
  const reply = http.post(`${demo.gateway}/v1/lookup`, JSON.stringify(question), nativeParams);
  if (reply.status !== 200 && reply.status !== 400) return failed(s, `status ${reply.status} ${reply.error}`);
  const body = parse(reply);
  if (body === null) return failed(s, 'no JSON');
  compare(s, s.outcome, reply.status === 200 ? body.outcome : body.code, body.request_id);
}

export function portal(session) {
  const s = next(forPortal, forPortal.length >> 1);
  const question = { maThe: s.id || s.code || s.card, hoTen: s.name || '', ngaySinh: portalDate(s.dob || '') };
  const reply = http.post(`${demo.gateway}/api/egw/KQNhanLichSuKCB2019?${session.query}`,
    JSON.stringify(question), portalParams);
  if (reply.status !== 200) return failed(s, `status ${reply.status} ${reply.error}`);
  const body = parse(reply);
  if (body === null) return failed(s, 'no JSON');
  if (['100', '101', '401', '500'].includes(body.maKetQua)) return failed(s, `maKetQua ${body.maKetQua}`);
  compare(s, s.portal_code, body.maKetQua, body.ghiChu);
}

// 1980-02-01 is written 01/02/1980 on this wire, 1980-02 as 02/1980; anything else goes as it is.
function portalDate(dob) {
  return /^\d{4}(-\d{2}){0,2}$/.test(dob) ? dob.split('-').reverse().join('/') : dob;
}

function parse(reply) {
  try {
    return reply.json();
  } catch {
    return null;
  }
}

function compare(sample, want, got, hint) {
  if (want === got) return;
  wrong.add(1, { kind: sample.kind });
  complain(`wrong: ${sample.kind} must get ${want}, got ${got} (${hint}): ${JSON.stringify(sample)}`);
}

function failed(sample, what) {
  errors.add(1, { kind: sample.kind });
  complain(`error: ${sample.kind}: ${what}`);
}

// The first few of each virtual user tell enough; all people here are synthetic.
let complaints = 0;
function complain(line) {
  if (complaints++ < 3) console.error(line);
}

const trend = (data, name) => {
  const metric = data.metrics[name];
  return metric ? Object.fromEntries(Object.entries(metric.values).map(([k, v]) => [k, Math.round(v * 1000) / 1000])) : null;
};
const count = (data, name) => (data.metrics[name] ? data.metrics[name].values.count : 0);

export function handleSummary(data) {
  const failed = Object.entries(data.metrics).flatMap(([name, m]) =>
    Object.entries(m.thresholds || {}).filter(([, t]) => !t.ok).map(([rule]) => `${name} ${rule}`));
  const summary = {
    passed: failed.length === 0, failed_thresholds: failed,
    rate_asked: Number(env.RATE), duration: env.DURATION, samples: samples.length,
    requests: count(data, 'http_reqs'), wrong_outcomes: count(data, 'wrong_outcomes'), errors: count(data, 'errors'),
    dropped: count(data, 'dropped_iterations'),
    latency_ms: { native: trend(data, 'http_req_duration{scenario:native}'), portal: trend(data, 'http_req_duration{scenario:portal}') },
  };
  return { [env.SUMMARY_FILE]: JSON.stringify(summary), stdout: '' };
}
