"use strict";
// Everything shown comes from the node's API and is put in place as text, never as markup.

const byId = (id) => document.getElementById(id);
const blocks = [];
const shownBlocks = 40;
let chart = null;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") element.className = value;
    else if (name === "on") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  for (const child of children) element.append(child instanceof Node ? child : document.createTextNode(String(child ?? "")));
  return element;
}

const short = (text) => (text && text.length > 20 ? text.slice(0, 10) + "…" + text.slice(-6) : text || "–");
const mono = (text) => make("span", { class: "mono", title: text || "" }, short(text));
const count = (number) => Number(number || 0).toLocaleString("en");
const counted = (number, noun) => count(number) + " " + noun + (number === 1 ? "" : "s");
const jupt = (micro) => (Number(micro || 0) / 1e6).toLocaleString("en", { maximumFractionDigits: 6 }) + " JUPT";
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const day = (time) => new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
const tones = {
  active: "good", opened: "good", live: "good", complete: "good", pending: "warn", committed: "accent", suspended: "warn",
  withdrawn: "bad", exhausted: "bad", refused: "bad", refunded: "warn", expired: "bad", confirming: "accent",
};
const tag = (text, tone) => make("span", { class: "tag " + (tone || tones[text] || "") }, text);

function terms(pairs) {
  const list = make("dl");
  for (const [name, value] of pairs) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}

function item(title, tags, lines, pairs) {
  const heading = make("h3", {}, title);
  heading.append(...tags);
  return make("article", { class: "item" }, heading, ...lines.map((line) => make("p", { class: "muted" }, line)), terms(pairs));
}

function fill(id, items, empty) {
  byId(id).replaceChildren(...(items.length ? items : [make("p", { class: "muted" }, empty)]));
}

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ? body.error.name + " (" + body.error.code + "): " + body.error.reason : "no answer");
  return body;
}

// ---- chain head and blocks

function showHead(block) {
  byId("height").textContent = count(block.height);
  byId("head-hash").textContent = short(block.hash);
  byId("head-time").textContent = clock(block.time);
  byId("head-transactions").textContent = count(block.transactions) + (block.transactions === 1 ? " transaction" : " transactions");
}

function addBlock(block) {
  if (blocks.length && blocks[0].height >= block.height) return;
  blocks.unshift(block);
  blocks.length = Math.min(blocks.length, shownBlocks);
}

let drawsSoon = false;
function drawBlocks() {
  if (drawsSoon) return;
  drawsSoon = true;
  // Blocks can come faster than anybody reads.
  setTimeout(() => {
    drawsSoon = false;
    if (!blocks.length) return;
    showHead(blocks[0]);
    byId("block-rows").replaceChildren(...blocks.slice(0, 12).map((block) => make("tr", {},
      make("td", {}, count(block.height)), make("td", {}, clock(block.time)), make("td", { class: "right" }, count(block.transactions)),
      make("td", { class: "right" }, count(block.bytes)), make("td", {}, mono(block.hash)))));
    drawChart();
  }, 200);
}

function drawChart() {
  if (typeof Chart === "undefined") return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const series = blocks.slice().reverse();
  const labels = series.map((block) => block.height);
  const values = series.map((block) => block.transactions);
  if (!chart) {
    chart = new Chart(byId("chart"), {
      type: "bar",
      data: { labels, datasets: [{ label: "Transactions", data: values, backgroundColor: colour("--accent"), borderRadius: 3 }] },
      options: {
        animation: false, maintainAspectRatio: false, plugins: { legend: { display: false } },
        scales: {
          x: { grid: { display: false }, ticks: { color: colour("--muted"), maxTicksLimit: 8 } },
          y: { beginAtZero: true, suggestedMax: 4, grid: { color: colour("--line") }, ticks: { color: colour("--muted"), precision: 0, maxTicksLimit: 5 } },
        },
      },
    });
  } else {
    chart.data.labels = labels;
    chart.data.datasets[0].data = values;
    chart.update();
  }
}

async function loadBlocks() {
  const answer = await get("/v1/blocks?limit=" + shownBlocks);
  // Events may have brought newer ones while the answer was on its way.
  blocks.push(...answer.blocks.filter((block) => !blocks.some((other) => other.height === block.height)));
  blocks.sort((a, b) => b.height - a.height);
  blocks.length = Math.min(blocks.length, shownBlocks);
  drawBlocks();
}

function listen() {
  const events = new EventSource("/v1/events?kinds=block,receipt");
  const live = (on, text) => {
    byId("live").className = "live " + (on ? "on" : "off");
    byId("live-text").textContent = text;
  };
  events.onopen = () => { live(true, "live"); loadBlocks().catch(() => {}); };
  events.onerror = () => live(false, "not connected; trying again");
  events.addEventListener("block", (event) => { addBlock(JSON.parse(event.data)); drawBlocks(); });
  events.addEventListener("receipt", (event) => {
    const types = JSON.parse(event.data).events.map((entry) => entry.type.split(".")[0]);
    for (const type of types) if (type in refreshers) refreshSoon(type);
  });
}

// ---- status

async function loadStatus() {
  const status = await get("/v1/status");
  document.title = status.chainId + " · Jupiter console";
  byId("chain").textContent = status.chainId + " · " + status.profile;
  byId("mempool").textContent = count(status.mempool.transactions);
  byId("mempool-bytes").textContent = count(status.mempool.bytes) + " bytes waiting";
  const enclave = status.enclave;
  byId("enclave").textContent = !enclave ? "none" : !enclave.connected ? "away" : enclave.serving ? "serving" : "starting";
  const serving = status.enclaves.filter((one) => one.serving);
  if (status.enclaves.length > 1) byId("enclave").textContent = serving.length + " of " + status.enclaves.length + " serving";
  const labels = new Map(status.enclaves.filter((one) => one.connected).map((one) => [one.label || one.platform, one]));
  byId("enclave-platform").replaceChildren(...[...labels.values()].map(enclaveTag));
}

// ---- lists

async function loadDatasets() {
  const { datasets } = await get("/v1/datasets");
  fill("dataset-list", datasets.map((dataset) => item(dataset.metadata.name || dataset.dataset, [tag("residency: " + dataset.residency)],
    [dataset.metadata.description], [["id", dataset.dataset], ["schema", "version " + dataset.schemaVersion],
      ["minimum cohort", count(dataset.minimumCohort)], ["owner", mono(dataset.owner)], ["height", count(dataset.height)]])),
    "No dataset is published yet.");
}

async function loadPrograms() {
  const { programs } = await get("/v1/programs");
  fill("program-list", programs.map((program) => item(program.manifest.name + " " + program.manifest.version, [tag(program.manifest.kind)],
    [program.manifest.description], [["code", mono(program.codeHash)], ["publisher", mono(program.publisher)],
      ["output", "at most " + count(program.manifest.maximumOutput) + " bytes"]])), "No program is published yet.");
}

// Who computed it, and who came to the same result where that is demanded.
function workers(assessment) {
  const cell = make("td", {}, mono(assessment.enclave || ""));
  const demanded = assessment.demand ? assessment.demand.confirmations || 1 : 1;
  const agreed = (assessment.confirmedBy || []).length;
  if (assessment.disputedBy) cell.append(" ", tag("disputed by " + short(assessment.disputedBy), "bad"));
  else if (demanded > 1) cell.append(" ", tag(agreed + " of " + demanded + " agree", agreed >= demanded ? "good" : "warn"));
  return cell;
}

// What vouches for an enclave, in a colour that warns where nothing does.
function enclaveTag(enclave) {
  if (enclave.simulated) return tag("SIMULATED", "warn");
  return tag(enclave.label || enclave.platform, enclave.assurance === "none" ? "warn" : "accent");
}

async function loadEnclaves() {
  const { enclaves } = await get("/v1/enclaves");
  fill("enclave-list", enclaves.map((enclave) => {
    const expired = enclave.status === "active" && enclave.expires && enclave.expires <= Date.now();
    const notes = [enclave.simulated && "Process isolation only: no hardware attests to it.", enclave.suspension && "Suspended: " + enclave.suspension];
    const vault = enclave.vault && enclave.vault !== enclave.id ? mono(enclave.vault) : "its own";
    return item(short(enclave.id), [tag(expired ? "expired" : enclave.status), enclaveTag(enclave)], notes.filter(Boolean), [
      ["assurance", enclave.assurance], ["evidence until", enclave.expires ? day(enclave.expires) : "further notice"],
      ["measurement", mono(enclave.measurement)], ["vault", vault], ["vault version", count(enclave.vaultVersion)],
      ["operator", mono(enclave.operator)]]);
  }), "No enclave is registered yet.");
}

async function loadLocalities() {
  const { localities } = await get("/v1/localities");
  fill("locality-list", localities.map((locality) => item(locality.chainId, [tag(locality.profile)], [],
    [["checkpoint", "height " + count(locality.height)], ["checkpoints", count(locality.checkpoints)],
      ["time", locality.time ? day(locality.time) : "–"], ["header", mono(locality.headerHash)]])),
    "This chain knows no localities; mainnet does.");
}

async function loadAssessments() {
  const { assessments } = await get("/v1/assessments?limit=1000");
  assessments.sort((a, b) => b.height - a.height || a.id.localeCompare(b.id));
  const rows = assessments.slice(0, 50).map((assessment) => {
    const status = make("td", {}, tag(assessment.status));
    if (assessment.refusalName) status.append(" ", make("span", { class: "muted" }, assessment.refusalName + " (" + assessment.refusalCode + ")"));
    return make("tr", {}, make("td", {}, mono(assessment.id)), status, workers(assessment), make("td", {}, assessment.request.dataset),
      make("td", {}, assessment.request.purpose), make("td", { class: "right" }, jupt(assessment.request.price)),
      make("td", { class: "right" }, count(assessment.height)),
      make("td", {}, make("button", { type: "button", on: () => showReceipt(assessment.transactionId), "aria-label": "Show the receipt of assessment " + short(assessment.id) }, "show")));
  });
  const empty = make("tr", {}, make("td", { colspan: "8", class: "muted" }, "No assessment was requested yet."));
  byId("assessment-rows").replaceChildren(...(rows.length ? rows : [empty]));
}

async function showReceipt(id) {
  const panel = byId("receipt");
  panel.hidden = false;
  try {
    const { receipt } = await get("/v1/transactions/" + id);
    const events = receipt.events.map((event) => event.type + (event.amount ? " " + jupt(event.amount) : "")).join(", ");
    panel.replaceChildren(make("h3", {}, "Receipt of the request"), terms([["transaction", make("span", { class: "mono" }, id)],
      ["result", receipt.code === 0 ? tag("done", "good") : tag(receipt.name + " (" + receipt.code + ")", "bad")],
      ["block", count(receipt.height) + ", position " + receipt.index], ["fee", jupt(receipt.fee)], ["events", events || "none"]]));
  } catch (error) {
    panel.replaceChildren(make("p", { class: "muted" }, error.message));
  }
  panel.scrollIntoView({ block: "nearest" });
}

const erasureBases = {
  keysAndPruning: "the destroyed keys, and nodes that prune the ciphertext",
  keysAlone: "the destroyed keys alone: it stays in CometBFT's own blocks until each operator's node prunes them",
};

// An erasure as its certificate will say it, and what it still waits for.
function erasureItem(erasure) {
  const what = { record: "One record", dataset: "All records", subject: "Everything" }[erasure.kind] || erasure.kind;
  const signed = erasure.acknowledgements.length;
  const pairs = [
    ["what", erasure.record ? mono(erasure.record) : counted(erasure.records, "record")],
    ["ordered", "block " + count(erasure.height) + ", " + day(erasure.time)],
    ["keys destroyed", "by " + counted(signed, "enclave") + " of " + counted(erasure.vaults.length, "vault")],
    ["rests on", erasureBases[erasure.restsOn] || erasure.restsOn],
    ["ciphertexts", erasure.sweeping ? "being let go of" : counted(erasure.records, "ciphertext") + " let go of"],
  ];
  if (erasure.status === "complete") pairs.push(["certified", "block " + count(erasure.completedHeight)]);
  else pairs.push(["waits until", day(erasure.deadline)]);
  if (erasure.suspended.length) pairs.push(["stayed silent", erasure.suspended.map(short).join(", ")]);
  if (erasure.exports.length) pairs.push(["given away before", erasure.exports.map((one) => short(one.recipient)).join(", ")]);
  pairs.push(["erasure", mono(erasure.id)]);
  return item(erasure.dataset ? what + " of " + erasure.dataset : what, [tag("erasure"), tag(erasure.status)], [], pairs);
}

async function loadErasures(subject) {
  const { erasures } = await get("/v1/erasures?limit=200&subject=" + encodeURIComponent(subject));
  byId("erasure-list").className = "stack wideish";
  byId("erasure-list").replaceChildren(...erasures.map(erasureItem));
  return erasures.length;
}

async function loadAccount(subject) {
  const note = byId("consent-note");
  try {
    const { consents } = await get("/v1/consents?limit=200&subject=" + encodeURIComponent(subject));
    byId("consent-list").className = "stack wideish";
    fill("consent-list", consents.map((consent) => item(consent.scope.dataset, [tag(consent.status)], [consent.scope.fields.join(", ")],
      [["for", mono(consent.scope.recipient)], ["purpose", consent.scope.purpose], ["used", consent.uses + " of " + consent.scope.maximumUses],
        ["price", jupt(consent.scope.price) + " a use"], ["until", day(consent.scope.validUntil)], ["where", consent.scope.localities.join(", ")],
        ["grant", mono(consent.grant)]])), "This account has granted nothing.");
    const erased = await loadErasures(subject);
    shownSubject = subject;
    note.textContent = counted(consents.length, "grant") + " and " + counted(erased, "erasure") + " of " + short(subject);
  } catch (error) {
    shownSubject = null;
    fill("consent-list", [], "");
    byId("erasure-list").replaceChildren();
    note.textContent = error.message;
  }
}

// The account that is on the page; nothing is asked of the others.
let shownSubject = null;
const refreshAccount = async () => { if (shownSubject) await loadAccount(shownSubject); };
const refreshers = {
  consent: refreshAccount, erasure: refreshAccount,
  registry: loadDatasets, programs: loadPrograms, keys: loadEnclaves, federation: loadLocalities, assessments: loadAssessments,
};
const waiting = new Set();
function refreshSoon(name) {
  if (waiting.has(name)) return;
  waiting.add(name);
  setTimeout(() => { waiting.delete(name); refreshers[name]().catch(() => {}); }, 1000);
}

byId("consent-form").addEventListener("submit", (event) => {
  event.preventDefault();
  loadAccount(byId("subject").value.trim());
});

listen();
for (const load of Object.values(refreshers)) load().catch(() => {});
loadStatus().catch(() => {});
setInterval(() => loadStatus().catch(() => {}), 2000);
