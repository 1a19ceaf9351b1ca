// The page: what the user has chosen, and the pictures that follow from it.
import { openGenerator } from "./generator.js";
import { makeMap } from "./latent.js";
import { blend, paint, save } from "./pictures.js";

const TILES = 7; // pictures a side of the map
const FRAMES = 9; // of the morph's strip
const MORPH_MS = 1500; // from one digit to the other

const at = (id) => document.getElementById(id);
const nextFrame = () => new Promise(requestAnimationFrame);
const choice = { digit: 5, to: 8, mix: 0, seed: Number(at("seed").value), x: 0.5, y: 0.5 };
const shown = { ends: null, ten: null, mapOf: "" };
let generator;
let latentAt; // the map of choice.seed

// ---- drawing: one pass at a time, and a new wish cuts the pass short

let wishes = 0;
let drawing = false;

async function redraw() {
  wishes += 1;
  if (drawing) return;
  drawing = true;
  try {
    let wish;
    do {
      wish = wishes;
      await draw(() => wish !== wishes);
    } while (wish !== wishes);
  } catch (error) {
    report(error);
  } finally {
    drawing = false;
  }
}

// The picture first, then the ten, then the map if it shows another seed or digit.
async function draw(outdated) {
  const z = latentAt(choice.x, choice.y);
  shown.ends = await generator.draw([z, z], [choice.digit, choice.to]);
  paintBlend();
  at("cursor").style.left = `${choice.x * 100}%`;
  at("cursor").style.top = `${choice.y * 100}%`;
  await nextFrame();
  if (outdated()) return;
  const started = performance.now();
  const digits = generator.classes.map((_, digit) => digit);
  shown.ten = await generator.draw(digits.map(() => z), digits);
  tellFacts((performance.now() - started) / digits.length);
  tellChoice();
  shown.ten.forEach((picture, digit) => paint(at(`digit-${digit}`), [picture], generator.width));
  if (shown.mapOf !== `${choice.seed} ${choice.digit}`) await drawMap(outdated);
}

async function drawMap(outdated) {
  const rows = [];
  const centres = Array.from({ length: TILES }, (_, i) => (i + 0.5) / TILES);
  for (const y of centres) {
    await nextFrame();
    if (outdated()) return;
    rows.push(...(await generator.draw(centres.map((x) => latentAt(x, y)), centres.map(() => choice.digit))));
  }
  paint(at("tiles"), rows, generator.width, TILES);
  shown.mapOf = `${choice.seed} ${choice.digit}`;
}

// ---- painting

function paintBlend() {
  const frames = Array.from({ length: FRAMES }, (_, i) => blend(...shown.ends, i / (FRAMES - 1)));
  paint(at("picture"), [blend(...shown.ends, choice.mix)], generator.width);
  paint(at("strip"), frames, generator.width);
  at("mix").value = 100 * choice.mix;
  at("picture").setAttribute("aria-label", `A handwritten ${describe()}`);
}

function describe() {
  const percent = Math.round(100 * choice.mix);
  return percent ? `${choice.digit}, ${percent} % of the way to ${choice.to}` : `${choice.digit}`;
}

// ---- words

function tellChoice() {
  const degrees = (turn) => `${Math.round(360 * turn) % 360}°`;
  at("caption").textContent = `${describe()} · seed ${choice.seed} · ${degrees(choice.x)}, ${degrees(choice.y)}`;
}

function tellFacts(milliseconds) {
  const megabytes = (generator.bytes / 1e6).toFixed(1);
  at("facts").textContent =
    `${generator.device}, ${milliseconds.toFixed(1)} ms a picture; the whole network is ${megabytes} MB.`;
}

function report(error) {
  at("caption").textContent = `It can't draw: ${error.message}`;
  at("caption").classList.add("failed");
  console.error(error);
}

// ---- choices

function choose(changes) {
  Object.assign(choice, changes);
  if ("seed" in changes) {
    latentAt = makeMap(choice.seed, generator.size);
    at("seed").value = choice.seed;
  }
  if ("digit" in changes) at("ten").elements[choice.digit].checked = true;
  redraw();
}

function mix(share) {
  choice.mix = share;
  paintBlend();
  if (!playing) tellChoice();
}

const wrap = (turn) => turn - Math.floor(turn);

function moveTo(event) {
  const box = at("map").getBoundingClientRect();
  choose({ x: wrap((event.clientX - box.left) / box.width), y: wrap((event.clientY - box.top) / box.height) });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function moveByKey(event) {
  if (!ARROWS[event.key]) return;
  event.preventDefault();
  const step = event.shiftKey ? 1 / TILES : 1 / (8 * TILES);
  const [right, down] = ARROWS[event.key];
  choose({ x: wrap(choice.x + right * step), y: wrap(choice.y + down * step) });
}

function pressKey(event) {
  const typing = event.target.matches("input[type=number], select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^\d$/.test(event.key) && Number(event.key) < generator.classes.length) choose({ digit: Number(event.key) });
  if (event.key.toLowerCase() === "n") newSeed();
  if (event.key.toLowerCase() === "s") savePicture();
}

function newSeed() {
  choose({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 10000 });
}

function typeSeed() {
  if (at("seed").value !== "" && at("seed").checkValidity()) choose({ seed: Number(at("seed").value) });
}

// ---- the morph's animation: to the other digit and back, until stopped

let playing = 0;

function play() {
  const started = performance.now() - (Math.acos(1 - 2 * choice.mix) / Math.PI) * MORPH_MS;
  const step = (now) => {
    mix((1 - Math.cos((Math.PI * Math.max(0, now - started)) / MORPH_MS)) / 2);
    playing = requestAnimationFrame(step);
  };
  playing = requestAnimationFrame(step);
  at("play").textContent = "Pause";
}

function pause() {
  cancelAnimationFrame(playing);
  playing = 0;
  at("play").textContent = "Play";
  tellChoice();
}

// ---- saving

function savePicture() {
  const picture = blend(...shown.ends, choice.mix);
  save([picture], generator.width, `digit-${choice.digit}-seed-${choice.seed}.png`);
}

function saveTen() {
  save(shown.ten, generator.width, `digits-seed-${choice.seed}.png`);
}

// ---- start

function buildChoices() {
  generator.classes.forEach((name, digit) => {
    at("ten").insertAdjacentHTML(
      "beforeend",
      `<label><input type="radio" name="digit" value="${digit}"><canvas id="digit-${digit}" aria-hidden="true">` +
        `</canvas><span>${name}</span></label>`,
    );
    at("to").add(new Option(name, digit, digit === choice.to, digit === choice.to));
  });
}

function listen() {
  at("ten").addEventListener("change", (event) => choose({ digit: Number(event.target.value) }));
  at("to").addEventListener("change", (event) => choose({ to: Number(event.target.value) }));
  at("mix").addEventListener("input", (event) => {
    pause();
    mix(event.target.value / 100);
  });
  at("play").addEventListener("click", () => (playing ? pause() : play()));
  at("seed").addEventListener("change", typeSeed);
  at("new").addEventListener("click", newSeed);
  at("save").addEventListener("click", savePicture);
  at("save-ten").addEventListener("click", saveTen);
  at("map").addEventListener("keydown", moveByKey);
  at("map").addEventListener("pointerdown", (event) => {
    at("map").setPointerCapture(event.pointerId);
    moveTo(event);
  });
  at("map").addEventListener("pointermove", (event) => {
    if (at("map").hasPointerCapture(event.pointerId)) moveTo(event);
  });
  document.addEventListener("keydown", pressKey);
}

try {
  generator = await openGenerator();
  buildChoices();
  latentAt = makeMap(choice.seed, generator.size);
  at("ten").elements[choice.digit].checked = true;
  await redraw();
  listen();
  document.querySelector("main").setAttribute("aria-busy", "false");
} catch (error) {
  report(error);
}
