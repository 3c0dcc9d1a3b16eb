// Shows the stream of /cache/events. Whatever comes is text, and is never HTML.
"use strict";

const TEXTS = {
  en: {
    title: "The cache, live",
    intro: "Each request, write and lock, as the server sees it. Off in production.",
    connected: "connected",
    waiting: "the server does not answer",
    storeOk: "store: ok",
    storeAway: "store: away",
    pause: "Pause",
    go: "Go on",
    clear: "Clear",
    tables: "Tables",
    tablesHint: "Every write renews the table's stamp. While an intent stands, answers that it may change are not kept.",
    stamp: "stamp",
    epoch: "epoch",
    intents: "write intents",
    changes: "recent changes",
    none: "none",
    unmade: "not made yet",
    quarantine: "quarantine: intents may have been lost",
    over: "over",
    left: (seconds) => `${seconds} s left`,
    locks: "Single flight",
    locksHint: "Who computes an answer that others wait for.",
    noLocks: "Nobody has computed yet.",
    held: "is computing",
    ended: (ms) => `held the lock for ${ms} ms`,
    expired: "never ended its lock, which has expired",
    notes: "What happened",
    notesHint: "Newest first.",
    noNotes: "Nothing yet. Send a request.",
    queries: (count) => (count === 1 ? "1 query" : `${count} queries`),
    row: (rows) => (rows === "*" ? "any row" : rows === "" ? "a new row" : `row ${rows}`),
    field: (fields) => (fields === "*" ? "any field" : fields),
    by: (writer) => `writer ${writer}`,
    request: (id) => `request ${id}`,
    process: (id) => `process ${id}`,
    kinds: {
      intent: "INTENT", invalidated: "RENEWED", pending: "PENDING", locked: "LOCK",
    },
    why: {
      hit: "The entry is valid: nothing that it depends on has changed.",
      wait: "Another request was computing this answer. This one waited for it.",
      miss: "No valid entry. Computed from the database, and kept.",
      bypass: "Computed from the database, and not kept.",
      "bypass write": "A write that may change this answer is under way: not kept.",
      "bypass quarantine": "The table's stamp was lost, and intents with it perhaps: nothing is kept for now.",
      "bypass unavailable": "The store is away: answered from the database.",
      "bypass wait": "Waited long enough for another request, and computed by itself.",
      "bypass transaction": "Within a transaction the cache is not used.",
      "bypass unopened": "A stamp was missing: not kept.",
      intent: "A write has begun, and has left its intent.",
      untold: "A write has begun. The store is away, so it left no intent.",
      invalidated: "The write has ended: its intent is gone, the stamps are new.",
      pending: "The write has ended, but the store is away. The stamps will be renewed when it is back.",
      locked: "This request computes the answer. Others that want it wait.",
    },
  },
  ko: {
    title: "실시간 캐시",
    intro: "요청, 쓰기, 락을 서버에서 일어나는 대로 보여 줍니다. 운영 환경에서는 꺼져 있습니다.",
    connected: "연결됨",
    waiting: "서버가 응답하지 않습니다",
    storeOk: "저장소: 정상",
    storeAway: "저장소: 응답 없음",
    pause: "멈춤",
    go: "계속",
    clear: "지우기",
    tables: "테이블",
    tablesHint: "쓰기마다 테이블의 스탬프를 갱신합니다. 예고가 있는 동안에는 그 쓰기로 바뀔 수 있는 응답을 저장하지 않습니다.",
    stamp: "스탬프",
    epoch: "에폭",
    intents: "예고",
    changes: "최근 변경",
    none: "없음",
    unmade: "아직 없음",
    quarantine: "격리: 예고를 잃었을 수 있음",
    over: "만료됨",
    left: (seconds) => `${seconds}초 남음`,
    locks: "싱글 플라이트",
    locksHint: "다른 요청들이 기다리는 응답을 누가 계산하는지 보여 줍니다.",
    noLocks: "아직 계산한 요청이 없습니다.",
    held: "계산 중",
    ended: (ms) => `${ms}ms 동안 락을 쥐었음`,
    expired: "락을 풀지 못했고, 락은 만료됨",
    notes: "일어난 일",
    notesHint: "최신순입니다.",
    noNotes: "아직 아무 일도 없습니다. 요청을 보내 보세요.",
    queries: (count) => `쿼리 ${count}개`,
    row: (rows) => (rows === "*" ? "모든 행" : rows === "" ? "새 행" : `행 ${rows}`),
    field: (fields) => (fields === "*" ? "모든 필드" : fields),
    by: (writer) => `쓰기 ${writer}`,
    request: (id) => `요청 ${id}`,
    process: (id) => `프로세스 ${id}`,
    kinds: { intent: "예고", invalidated: "갱신", pending: "보류", locked: "락" },
    why: {
      hit: "항목이 유효합니다. 이 응답이 의존하는 것은 바뀌지 않았습니다.",
      wait: "다른 요청이 같은 응답을 계산하고 있어서 기다렸다가 받았습니다.",
      miss: "유효한 항목이 없어 데이터베이스에서 계산하고 저장했습니다.",
      bypass: "데이터베이스에서 계산했고 저장하지 않았습니다.",
      "bypass write": "이 응답을 바꿀 수 있는 쓰기가 진행 중이라 저장하지 않았습니다.",
      "bypass quarantine": "테이블의 스탬프를 잃었고 예고도 함께 잃었을 수 있어, 당분간 아무것도 저장하지 않습니다.",
      "bypass unavailable": "저장소가 응답하지 않아 데이터베이스에서 응답했습니다.",
      "bypass wait": "다른 요청을 기다릴 만큼 기다린 뒤 직접 계산했습니다.",
      "bypass transaction": "트랜잭션 안에서는 캐시를 쓰지 않습니다.",
      "bypass unopened": "스탬프가 없어 저장하지 않았습니다.",
      intent: "쓰기가 시작되어 예고를 남겼습니다.",
      untold: "쓰기가 시작됐지만 저장소가 응답하지 않아 예고를 남기지 못했습니다.",
      invalidated: "쓰기가 끝나 예고를 지우고 스탬프를 갱신했습니다.",
      pending: "쓰기는 끝났지만 저장소가 응답하지 않습니다. 돌아오면 스탬프를 갱신합니다.",
      locked: "이 요청이 응답을 계산하고, 같은 응답을 원하는 다른 요청은 기다립니다.",
    },
  },
};

const MOST_NOTES = 300, MOST_LOCKS = 5, PATIENCE = 3000;
const asked = new URLSearchParams(location.search).get("lang") || navigator.language;
const language = asked.toLowerCase().startsWith("ko") ? "ko" : "en";
const texts = TEXTS[language];
const at = (id) => document.getElementById(id);

const seen = new Set(), locks = new Map(), tokens = new Map();
let paused = false, held = [], state = null, lost = 0;

// An element of a class with a text, or with others in it.
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((each) => each !== ""));
  return element;
}

function short(id) {
  return String(id).slice(0, 6);
}

// "7,8:stock" in words.
function inWords(change) {
  const [rows, fields] = String(change).split(":");
  return `${texts.row(rows)} · ${texts.field(fields)}`;
}

function time(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

function result(note) {
  return { hit: "HIT", wait: "HIT", miss: "MISS", bypass: "BYPASS" }[note.result] || String(note.status);
}

function reasons(note) {
  if (note.kind === "intent" && !note.told) return texts.why.untold;
  if (note.kind !== "request") return texts.why[note.kind] || "";
  const why = texts.why[`${note.result} ${note.reason}`.trim()] || texts.why[note.result] || "";
  return note.status === 304 ? `304. ${why}` : why;
}

function headOf(note) {
  if (note.kind === "request") return [`${note.method} ${note.path}`, `${note.ms} ms · ${texts.queries(note.queries)}`];
  const what = note.changes
    ? Object.entries(note.changes).map(([table, change]) => `${table}: ${inWords(change)}`).join(", ")
    : note.key;
  return [what, ""];
}

function rowOf(note) {
  const kind = note.kind === "request" ? note.result || "plain" : note.kind === "intent" ? "intent-note" : note.kind;
  const [what, cost] = headOf(note);
  const badge = note.kind === "request" ? result(note) : texts.kinds[note.kind] || note.kind;
  const ids = [time(note.at)];
  if (note.kind === "request" && note.key) ids.push(note.key);
  if (note.writers) ids.push(texts.by(note.writers.map(short).join(", ")));
  if (note.request) ids.push(texts.request(short(note.request)));
  ids.push(texts.process(note.process));
  const row = make("li", kind, make("span", "badge", badge), make("span", "what", what), make("span", "cost", cost));
  row.append(make("span", "why", reasons(note)), make("code", "ids", ids.join(" · ")));
  for (const name of ["kind", "request", "key", "reason", "status", "queries"]) row.dataset[name] = note[name] ?? "";
  row.dataset.result = note.kind === "request" ? result(note) : "";
  return row;
}

function show(note) {
  const list = at("notes");
  if (!seen.size) list.replaceChildren();
  seen.add(note.id);
  if (note.kind === "locked") locks.set(note.holder, { ...note, ended: 0 });
  if (note.kind === "unlocked" && locks.has(note.holder)) locks.get(note.holder).ended = note.at;
  // How long it was held stands with the locks.
  if (note.kind !== "unlocked") list.prepend(rowOf(note));
  while (list.children.length > MOST_NOTES) list.lastChild.remove();
  showLocks();
}

function lockText(lock) {
  if (lock.ended) return texts.ended(lock.ended - lock.at);
  const limit = 1000 * (state?.lock || 1);
  return Date.now() - lock.at > limit ? texts.expired : texts.held;
}

function showLocks() {
  for (const holder of locks.keys()) if (locks.size > MOST_LOCKS) locks.delete(holder);
  const rows = [...locks.values()].reverse().map((lock) => {
    const who = `${texts.request(short(lock.request))} · ${texts.process(lock.process)} · `;
    return make("li", lock.ended ? "" : "held", make("code", "", lock.key), make("br"), who, make("strong", "", lockText(lock)));
  });
  at("locks").replaceChildren(...(rows.length ? rows : [make("li", "empty", texts.noLocks)]));
}

// One that is over stays in the stamp until somebody opens it.
function secondsLeft(intent) {
  return Math.ceil((intent.until - Date.now()) / 1000);
}

function intentRow(intent) {
  const left = secondsLeft(intent);
  const what = intent.quarantine ? texts.quarantine : `${inWords(intent.change)} · ${texts.by(short(intent.writer))}`;
  return make("div", left > 0 ? "intent" : "over", `${what} · ${left > 0 ? texts.left(left) : texts.over}`);
}

function changeRow(change) {
  return make("div", "", make("code", "", short(change.token)), ` ${inWords(change.change)}`);
}

function cardOf(table) {
  const renewed = tokens.has(table.name) && tokens.get(table.name) !== table.token;
  tokens.set(table.name, table.token);
  const list = make("dl", "");
  const line = (name, ...content) => list.append(make("dt", "", name), make("dd", "", ...content));
  line(texts.stamp, make("code", renewed ? "flash" : "", table.token || texts.unmade));
  line(texts.epoch, make("code", "", table.epoch || texts.unmade));
  line(texts.intents, ...(table.intents.length ? table.intents.map(intentRow) : [texts.none]));
  const changes = [...table.changes].reverse().map(changeRow);
  line(texts.changes, ...(changes.length ? changes : [texts.none]));
  const busy = table.intents.some((intent) => secondsLeft(intent) > 0);
  const card = make("article", busy ? "card busy" : "card", make("h3", "", table.name), list);
  Object.assign(card.dataset, { table: table.name, token: table.token, intents: table.intents.length });
  return card;
}

function showState() {
  const away = state.store !== "ok";
  at("store").textContent = away ? texts.storeAway : texts.storeOk;
  at("store").classList.toggle("off", away);
  if (!away) at("tables").replaceChildren(...state.tables.map(cardOf));
}

function showLink(there) {
  at("link").textContent = there ? texts.connected : texts.waiting;
  at("link").classList.toggle("off", !there);
}

function onNote(event) {
  const note = JSON.parse(event.data);
  if (!note || !note.id || seen.has(note.id)) return;
  if (paused) held.push(note);
  else show(note);
}

function pause() {
  paused = !paused;
  at("pause").textContent = paused ? texts.go : texts.pause;
  if (paused) return;
  held.filter((note) => !seen.has(note.id)).forEach(show);
  held = [];
  if (state) showState();
}

function clear() {
  at("notes").replaceChildren();
  locks.clear();
  showLocks();
}

function listen() {
  const source = new EventSource("/cache/events");
  source.onmessage = onNote;
  source.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    if (!paused) showState();
  });
  source.onopen = () => {
    clearTimeout(lost);
    lost = 0;
    showLink(true);
  };
  // Each stream ends after some seconds, and the browser asks again.
  source.onerror = () => {
    lost = lost || setTimeout(showLink, PATIENCE, false);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, PATIENCE);
  };
}

function start() {
  document.documentElement.lang = language;
  document.title = `${texts.title} · /cache`;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = texts[each.dataset.text];
  if (language === "ko") {
    Object.assign(at("other"), { href: "?lang=en", hreflang: "en", lang: "en", textContent: "English" });
  }
  at("pause").textContent = texts.pause;
  at("pause").onclick = pause;
  at("clear").onclick = clear;
  at("notes").append(make("li", "empty", texts.noNotes));
  showLink(false);
  showLocks();
  listen();
  // Times that run down: intents, and locks whose holder is gone.
  setInterval(() => {
    if (paused) return;
    if (state?.tables.some((table) => table.intents.length)) showState();
    if ([...locks.values()].some((lock) => !lock.ended)) showLocks();
  }, 500);
}

start();
