"use strict";
(function () {
const data = JSON.parse(document.getElementById("data").textContent);
const N_COLORS = 10;

/* Every text goes into the page as a text node, never as HTML. */
function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {}))
        if (name === "style")
            for (const [property, text] of Object.entries(value))
                element.style.setProperty(property, text);
        else if (value === true)
            element.setAttribute(name, "");
        else if (value !== null && value !== undefined && value !== false)
            element.setAttribute(name, value);
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

/* ---- numbers as text; what is not known is a dash ---- */

const known = (x) => typeof x === "number" && isFinite(x);
const fixed = (digits) => (x) => known(x) ? x.toFixed(digits) : "–";
const percent = (x) => known(x) ? (100 * x).toFixed(2) + "%" : "–";
const count = (x) => known(x) ? Math.round(x).toLocaleString("en-US") : "–";
const mib = (x) => known(x) ? (x / 1048576).toFixed(1) + " MiB" : "–";

function loss(x) {
    return !known(x) ? "–" : Math.abs(x) >= 1e5 || (x !== 0 && Math.abs(x) < 1e-3) ? x.toExponential(2) : x.toFixed(4);
}

function plain(x) {
    if (!known(x))
        return "–";
    const size = Math.abs(x);
    if (size !== 0 && (size < 1e-4 || size >= 1e6))
        return x.toExponential(2).replace(/\.?0+e/, "e");
    return String(Number(x.toPrecision(4)));
}

function duration(seconds) {
    if (!known(seconds))
        return "–";
    if (seconds < 60)
        return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
    const s = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
    return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)} min`
                    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)} h`;
}

function median(numbers) {
    const sorted = numbers.filter(known).sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : null;
}

/* ---- colours ---- */

const dark = matchMedia("(prefers-color-scheme: dark)");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colorOf = (i) => i < N_COLORS ? css("--s" + i) : `hsl(${i * 137.5 % 360}, 55%, ${dark.matches ? 68 : 45}%)`;
const colorName = (i) => i < N_COLORS ? `var(--s${i})` : colorOf(i);

/* ---- charts ---- */

const charts = [];

/* The rows that dygraphs wants: every x that a series has, rising. null: the series has no point
   there, and its line passes on; NaN: it has one that is no number, and its line ends. */
function chartRows(series) {
    const rows = new Map();
    series.forEach((one, i) => one.points.forEach(([x, y]) => {
        if (!rows.has(x))
            rows.set(x, Array(series.length).fill(null));
        rows.get(x)[i] = known(y) ? y : NaN;
    }));
    return [...rows].sort((a, b) => a[0] - b[0]).map(([x, ys]) => [x, ...ys]);
}

/* Ticks at 1, 2 or 5 times a power of ten; at whole numbers alone for epochs and steps. */
const evenTicks = (whole) => (low, high, pixels) => {
    const raw = Math.max((high - low) / Math.max(2, pixels / 70), whole ? 1 : 1e-300);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((m) => m * power >= raw * .999) * power;
    const ticks = [];
    for (let n = Math.ceil(low / step) + 0; n * step <= high && ticks.length < 100; n++) /* no -0 */
        ticks.push({v: n * step, label: whole ? count(n * step) : plain(n * step)});
    return ticks;
};

/* Ticks of a logarithmic axis: powers of ten, and 2 and 5 times them where there is room. */
function decadeTicks(low, high, pixels) {
    const decades = Math.log10(high / low), all = [];
    const multiples = pixels / Math.max(decades, .1) > 160 ? [1, 2, 5] : [1];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
        multiples.forEach((m) => all.push(m * 10 ** e));
    return all.filter((v) => v >= low && v <= high).map((v) => ({v, label: plain(v)}));
}

/* Mouse alone: a finger on a chart scrolls the page, and a tap shows the values. */
function interaction() {
    const model = {};
    for (const [name, handler] of Object.entries(Dygraph.defaultInteractionModel))
        if (!name.startsWith("touch"))
            model[name] = handler;
    return model;
}

/* A chart of {id, title, x, format, series: [{name, color, points: [[x, y]]}]}. Hover or arrow keys show
   values, a drag zooms, a click on a name hides its curve. With `points` it is one of single points, made
   of rows [[x, y]] with a color and a pointName(row) each, perhaps with logX, ticks or a line between. */
function chart(spec) {
    const at = el("div", {class: "at", "aria-live": "polite"});
    const plot = el("div", {class: "plot"});
    const reset = el("button", {class: "reset", type: "button", hidden: true}, "Reset zoom");
    const log = el("button", {class: "reset", type: "button", "aria-pressed": "false", hidden: spec.format !== loss || Boolean(spec.points)}, "Log scale");
    const legend = el("div", {class: "legend"});
    const figure = el("figure", {class: "chart", tabindex: "0", role: "group", "aria-label": describe(spec), "data-chart": spec.id},
        el("div", {class: "chart-head"}, el("h3", {}, spec.title), el("span", {}, reset, " ", log)), legend, plot, at);
    charts.push({spec, figure, plot, at, reset, log, legend});
    return figure;
}

function describe(spec) {
    const ends = spec.series.slice(0, 8).map((one) => {
        const last = one.points.filter((p) => known(p[1])).pop();
        return last ? `${one.name} ${spec.format(last[1])}` : `${one.name} none`;
    });
    return `${spec.title} by ${spec.x}; at the end: ${ends.join(", ")}`;
}

function chartColors(c) {
    return {
        colors: c.spec.series.map((one) => colorOf(one.color)),
        axisLineColor: css("--line"),
        gridLineColor: css("--grid"),
    };
}

function showValues(c, row, x) {
    const hasX = row !== null;
    c.at.textContent = hasX ? (c.spec.pointName ? c.spec.pointName(row) : `${c.spec.x} ${count(x)}`) : "";
    c.buttons.forEach(({value}, i) => {
        const y = hasX ? c.graph.getValue(row, i + 1) : null;
        value.textContent = hasX && y !== null ? c.spec.format(y) : "";
    });
}

function buildLegend(c) {
    c.buttons = c.spec.series.map((one, i) => {
        const value = el("span", {class: "value"});
        const button = el("button", {type: "button", "aria-pressed": "true", title: one.name,
            style: {"--color": colorName(one.color)}}, el("i"), el("span", {class: "name"}, one.name), value);
        button.addEventListener("click", () => {
            const shown = button.getAttribute("aria-pressed") !== "true";
            button.setAttribute("aria-pressed", shown);
            c.graph.setVisibility(i, shown);
        });
        return {button, value};
    });
    c.legend.append(...c.buttons.map((b) => b.button));
}

/* Left and right go from point to point; Escape leaves them. */
function steer(c, event) {
    const n = c.graph.numRows();
    if (event.key === "Escape") {
        c.graph.clearSelection();
        showValues(c, null);
    } else if (event.target === c.figure && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        const now = c.graph.getSelection(), step = event.key === "ArrowRight" ? 1 : -1;
        const row = now < 0 ? (step > 0 ? 0 : n - 1) : Math.min(n - 1, Math.max(0, now + step));
        c.graph.setSelection(row);
        showValues(c, row, c.graph.getValue(row, 0));
        event.preventDefault();
    }
}

function options(c, rows) {
    const spec = c.spec, many = spec.series.length > 2;
    const xs = rows.map((r) => r[0]), low = Math.min(...xs), high = Math.max(...xs);
    const pad = (high - low) * (spec.points ? .06 : .03) || .5;
    const series = {};
    spec.series.forEach((one, i) => series[i + "|" + one.name] = {
        strokeWidth: spec.points ? (spec.line ? 1.2 : 0) : 1.8,
        drawPoints: spec.points || one.points.length < 40,
        pointSize: spec.points ? 5 : 2.4,
    });
    return {
        ...chartColors(c),
        labels: [spec.x, ...spec.series.map((one, i) => i + "|" + one.name)],
        series, legend: "never", xlabel: spec.x, xLabelHeight: 16, rightGap: 24,
        connectSeparatedPoints: true, animatedZooms: false, interactionModel: interaction(),
        drawPointCallback: spec.points ? (g, name, ctx, x, y, color, size, row) => drawRun(ctx, x, y, spec.colors[row]) : undefined,
        highlightCircleSize: spec.points ? 7 : 4,
        highlightSeriesOpts: many && !spec.points ? {strokeWidth: 3, highlightCircleSize: 4} : null,
        dateWindow: spec.logX ? (low === high ? [low / 2, high * 2] : [low * (low / high) ** .06, high * (high / low) ** .06])
                              : [low - pad, high + pad],
        axes: {
            x: {logscale: Boolean(spec.logX), ticker: spec.ticks || (spec.logX ? decadeTicks : evenTicks(!spec.points))},
            y: {axisLabelFormatter: spec.format === percent ? (y) => plain(100 * y) + "%" : (y) => plain(y), axisLabelWidth: 52, pixelsPerLabel: 30, includeZero: Boolean(spec.zero)},
        },
        highlightCallback: (event, x, points, row, name) => {
            showValues(c, row, x);
            c.buttons.forEach((b, i) => b.button.classList.toggle("near", many && name === i + "|" + spec.series[i].name));
        },
        unhighlightCallback: () => {
            showValues(c, null);
            c.buttons.forEach((b) => b.button.classList.remove("near"));
        },
        zoomCallback: () => {
            c.reset.hidden = !c.graph.isZoomed();
            showValues(c, null);
        },
    };
}

function drawRun(ctx, x, y, color) {
    ctx.beginPath();
    ctx.fillStyle = colorOf(color);
    ctx.arc(x, y, 5, 0, 2 * Math.PI);
    ctx.fill();
}

function draw(c) {
    const rows = c.spec.rows || chartRows(c.spec.series);
    buildLegend(c);
    c.legend.hidden = Boolean(c.spec.points);
    c.graph = new Dygraph(c.plot, rows, options(c, rows));
    c.whole = c.graph.xAxisRange().slice();
    c.figure.addEventListener("keydown", (event) => steer(c, event));
    c.reset.addEventListener("click", () => {
        c.graph.updateOptions({dateWindow: c.whole, valueRange: null});
        c.reset.hidden = true;
        showValues(c, null);
    });
    c.log.addEventListener("click", () => {
        const on = c.log.getAttribute("aria-pressed") !== "true";
        c.log.setAttribute("aria-pressed", on);
        c.graph.updateOptions({axes: {y: {logscale: on}}});
    });
    c.graph.isZoomed = () => {
        const [a, b] = c.graph.xAxisRange(), [low, high] = c.whole;
        return Math.abs(a - low) + Math.abs(b - high) > 1e-9 * Math.abs(high - low) || Dygraph.prototype.isZoomed.call(c.graph, "y");
    };
    c.plot.addEventListener("dblclick", (event) => { c.reset.click(); event.stopPropagation(); }, true);
    showValues(c, null);
}

/* ---- tables ---- */

/* columns: [{title, text: left-aligned, cell(row) -> text or element, key(row) -> number or text}]. A
   click on a title sorts by its keys, what is not known last; the first click the way best is. */
function table(caption, columns, rows, more = {}) {
    const body = el("tbody");
    const heads = columns.map((column, i) => {
        const th = el("th", {scope: "col", class: column.text || i === 0 ? "text" : null});
        if (!column.key) {
            th.append(column.title);
            return th;
        }
        const button = el("button", {type: "button"}, column.title);
        button.addEventListener("click", () => {
            const up = th.hasAttribute("aria-sort") ? th.getAttribute("aria-sort") === "descending" : !column.downFirst;
            heads.forEach((other) => other.removeAttribute("aria-sort"));
            th.setAttribute("aria-sort", up ? "ascending" : "descending");
            fill(sorted(rows, column.key, up));
        });
        th.append(button);
        return th;
    });
    function fill(list) {
        body.replaceChildren(...list.map((row) => el("tr", {class: more.rowClass ? more.rowClass(row) : null},
            columns.map((column, i) => el(i === 0 ? "th" : "td", {scope: i === 0 ? "row" : null,
                class: [column.text ? "text" : "", column.class || ""].join(" ").trim() || null}, column.cell(row))))));
    }
    fill(rows);
    return el("div", {class: "scroll " + (more.class || ""), tabindex: "0", role: "region", "aria-label": caption},
        el("table", {id: more.id}, el("caption", {}, el("span", {}, caption)), el("thead", {}, el("tr", {}, heads)), body,
            more.foot ? el("tfoot", {}, el("tr", {}, more.foot.map((text, i) => el(i ? "td" : "th", {scope: i ? null : "row", class: columns[i].text ? "text" : null}, text)))) : null));
}

function sorted(rows, key, up) {
    const isKnown = (k) => k !== null && k !== undefined && !Number.isNaN(k);
    return rows.map((row, i) => [key(row), i, row]).sort(([a, i], [b, j]) => {
        if (!isKnown(a) || !isKnown(b))
            return isKnown(b) - isKnown(a) || i - j;
        const order = typeof a === "number" && typeof b === "number" ? a - b
                    : String(a).localeCompare(String(b), "en", {numeric: true});
        return (up ? order : -order) || i - j;
    }).map((item) => item[2]);
}

/* ---- parts that both kinds of page have ---- */

const titles = [];
function section(id, title, ...content) {
    titles.push([id, title]);
    return el("section", {id, "aria-labelledby": id + "-title"}, el("h2", {id: id + "-title"}, title), ...content);
}

function notice(title, list) {
    return list.length === 0 ? null
        : el("div", {class: "notice", role: "note"}, el("strong", {}, title), el("ul", {}, list.map((text) => el("li", {}, text))));
}

const card = (name, value, small) => el("div", {class: "card"}, el("dt", {}, name), el("dd", {}, value, small ? el("small", {}, small) : null));
const cards = (...list) => el("dl", {class: "cards"}, list);
const status = (text) => el("span", {class: "status " + text}, text);
const last = (path) => path.replace(/\/+$/, "").split("/").pop() || path;
const pairs = (xs, ys) => xs.map((x, i) => [x, ys[i]]);
const hasAny = (series) => series.some((one) => one.points.some((p) => known(p[1])));

/* Names of the runs without what all of them begin with. */
function runLabels(runs) {
    const parts = runs.map((run) => run.path.replace(/\/+$/, "").split("/"));
    let n = 0;
    while (parts.every((p) => n < p.length - 1 && p[n] === parts[0][n]))
        n++;
    return parts.map((p) => p.slice(n).join("/"));
}

const howTo = () => el("p", {class: "under"}, "Point at a curve, or choose its chart and press the arrow keys, for its values; drag across it to zoom in; click a name to hide its curve.");

/* One chart, if any series of it has a number. */
function chartIf(spec) {
    spec.series = spec.series.filter((one) => one.points.length > 0);
    return hasAny(spec.series) ? chart(spec) : null;
}

function footer() {
    return el("footer", {}, `Made ${data.made} by gnet ${data.gnet}; charts by dygraphs (MIT licence). This page is one file and loads nothing.`);
}

/* ---- one run ---- */

function runCurves(run) {
    const e = run.curves.epochs, s = run.curves.steps;
    const mean = run.curves.records_a_point > 1 ? ` (a point is the mean of ${run.curves.records_a_point} records)` : "";
    const perEpoch = (id, title, format, a, b) => chartIf({id, title, x: "epoch", format, series: [
        {name: "train", color: 0, points: pairs(e.epoch, e[a])}, {name: "validation", color: 1, points: pairs(e.epoch, e[b])}]});
    const perStep = (id, title, format, column, more) => chartIf({id, title: title + (column === "lr" ? "" : mean), x: "step", format, ...more,
        series: [{name: column === "loss" || column === "acc" ? "train" : title.toLowerCase(), color: column === "lr" ? 3 : column === "images_per_s" ? 2 : 0, points: pairs(s.step, s[column])}]});
    const rate = s.step.length ? perStep("lr", "Learning rate", plain, "lr", {zero: true})
        : chartIf({id: "lr", title: "Learning rate", x: "epoch", format: plain, zero: true, series: [{name: "learning rate", color: 3, points: pairs(e.epoch, e.lr)}]});
    const list = [
        perEpoch("epoch-loss", "Loss by epoch", loss, "train_loss", "val_loss"),
        perEpoch("epoch-acc", "Accuracy by epoch", percent, "train_acc", "val_acc"),
        perStep("step-loss", "Loss by step", loss, "loss"),
        perStep("step-acc", "Accuracy by step", percent, "acc"),
        rate,
        perStep("speed", "Images per second", plain, "images_per_s", {zero: true}),
    ].filter(Boolean);
    return list.length ? section("curves", "Curves", howTo(), el("div", {class: "charts"}, list)) : null;
}

function confusion(scores) {
    const names = scores.classes.map((c) => c.name);
    const head = el("tr", {}, el("th", {class: "corner", scope: "col"}, "truth ↓ guess →"),
        names.map((name) => el("th", {scope: "col", title: name}, el("span", {}, name))));
    const rows = scores.confusion.map((row, truth) => {
        const sum = row.reduce((a, b) => a + b, 0);
        return el("tr", {}, el("th", {scope: "row", title: names[truth]}, names[truth]), row.map((n, guess) => {
            const share = sum ? n / sum : 0, right = truth === guess;
            const alpha = n === 0 ? 0 : right ? .12 + .78 * share : Math.min(.9, .08 + 1.1 * Math.sqrt(share));
            return el("td", {class: n === 0 ? "none" : alpha > .62 ? "strong" : null, title: `${names[truth]} taken for ${names[guess]}: ${n} (${percent(share)})`,
                style: {"--shade": right ? "var(--good)" : "var(--bad)", "--alpha": alpha.toFixed(3)}}, count(n));
        }));
    });
    return el("div", {class: "scroll confusion", tabindex: "0", role: "region", "aria-label": "Confusion matrix"},
        el("table", {id: "confusion-table"}, el("caption", {}, el("span", {}, "Images of a true class (a row) by what they were taken for (a column); blue is right, orange is wrong, the stronger the larger its share of the row.")),
            el("thead", {}, head), el("tbody", {}, rows)));
}

function meter(value, color) {
    return el("div", {class: "meter"}, fixed(3)(value), el("span", {style: {"--color": `var(--s${color})`, "--share": known(value) ? 100 * value + "%" : "0"}}, el("i")));
}

function classTable(scores) {
    const bar = (title, key, color) => ({title, key: (c) => c[key], cell: (c) => meter(c[key], color), class: "bar"});
    return table("Precision: how many of the guesses are right; recall: how many of the class are found; F1: both at once.", [
        {title: "class", text: true, key: (c) => c.name, cell: (c) => c.name},
        bar("precision", "precision", 0), bar("recall", "recall", 2), bar("F1", "f1", 3),
        {title: "images", key: (c) => c.support, cell: (c) => count(c.support)},
    ], scores.classes, {id: "class-table", class: "bars"});
}

function mistakes(scores) {
    const name = (i) => scores.classes[i].name;
    return el("ul", {class: "pictures"}, scores.mistakes.map((m) => el("li", {}, el("figure", {},
        el("img", {src: m.picture, alt: `test image ${m.image}: ${name(m.label)}, taken for ${name(m.guess)}`}),
        el("figcaption", {}, el("strong", {}, name(m.label)), el("span", {class: "faint"}, ` ${percent(m.label_probability)}`), el("br"),
            "taken for ", el("span", {class: "guess"}, name(m.guess)), el("span", {class: "faint"}, ` ${percent(m.probability)}`), el("br"),
            el("span", {class: "faint"}, `image ${m.image}`))))));
}

function filters(f) {
    const shown = f.pictures.length < f.n ? `; the first ${f.pictures.length} of ${f.n}` : "";
    return [el("p", {class: "under"}, `${f.n} filters of ${f.channels} × ${f.height} × ${f.width}, ${f.name}: `
            + (f.channels === 3 ? "as colours" : f.channels === 1 ? "as gray, 0 is mid-gray" : "the mean of the channels as gray, 0 is mid-gray") + shown),
        el("div", {class: "filters"}, f.pictures.map((picture, i) => el("img", {src: picture, alt: `filter ${i}`, title: `filter ${i}`})))];
}

function network(n) {
    const all = n.layers.length;
    return [el("p", {class: "under"}, `Memory: weights ${mib(n.weights_bytes)}, training ${mib(n.training_bytes)} (${n.shards} shard${n.shards === 1 ? "" : "s"}), scoring ${mib(n.eval_bytes)}. MACs are those of one image, forward; “sees” is the side of the square of the image that a result depends on.`),
        table(`${all} layers in the order of their running`, [
            {title: "layer", text: true, key: (l) => n.layers.indexOf(l), cell: (l) => l.name, class: "mono"},
            {title: "type", text: true, key: (l) => l.type, cell: (l) => l.type},
            {title: "output", text: true, cell: (l) => l.output},
            {title: "sees", key: (l) => l.receptive_field || Infinity, cell: (l) => l.receptive_field ? count(l.receptive_field) : "all", downFirst: true},
            {title: "parameters", key: (l) => l.parameters, cell: (l) => count(l.parameters), downFirst: true},
            {title: "MACs", key: (l) => l.macs, cell: (l) => count(l.macs), downFirst: true},
        ], n.layers, {id: "network-table", class: "tall", foot: ["total", "", "", "", count(n.parameters), count(n.macs)]})];
}

function epochTable(run) {
    const e = run.curves.epochs, rows = e.epoch.map((epoch, i) => ({epoch, i}));
    const column = (title, key, format) => ({title, key: (r) => e[key][r.i], cell: (r) => format(e[key][r.i])});
    return table("The row of the best epoch is tinted", [
        {title: "epoch", key: (r) => r.epoch, cell: (r) => String(r.epoch)},
        column("lr", "lr", plain), column("train loss", "train_loss", loss), column("train acc", "train_acc", percent),
        column("val loss", "val_loss", loss), column("val acc", "val_acc", percent), column("seconds", "seconds", fixed(1)),
    ], rows, {id: "epoch-table", class: "tall", rowClass: (r) => r.epoch === run.best_epoch ? "best" : null});
}

function environment(env) {
    const text = (v) => v === null ? "–" : typeof v === "object" ? JSON.stringify(v) : String(v);
    return table("What the run began on", [
        {title: "what", text: true, cell: ([k]) => k.replace(/_/g, " ")},
        {title: "value", text: true, class: "long", cell: ([, v]) => text(v)},
    ], Object.entries(env), {id: "environment-table"});
}

const folded = (title, text, open) => el("details", {open}, el("summary", {}, title), el("pre", {tabindex: "0"}, text));

function singlePage(run, detail) {
    const e = run.curves.epochs, speed = median(run.curves.steps.images_per_s), best = e.epoch.indexOf(run.best_epoch);
    const at = (column) => best >= 0 ? e[column][best] : null;
    const planned = detail.config && (detail.config.match(/^train:(?:\n[ \t].*)*?\n\s+epochs: (\d+)/m) || [])[1];
    const scores = detail.scores, missing = [...run.missing, ...detail.missing];
    document.title = `${last(run.path)} – gnet`;
    const content = [
        section("results", "Results", cards(
            card("validation accuracy", percent(known(run.val_acc) ? run.val_acc : at("val_acc")), run.best_epoch ? `epoch ${run.best_epoch}, the best` : "no epoch was scored"),
            card("test accuracy", percent(run.test_acc), scores ? `${count(scores.n_mistakes)} of ${count(scores.images)} wrong` : null),
            card("validation loss", loss(run.val_loss)), card("test loss", loss(run.test_loss)),
            card("epochs", planned ? `${run.epochs} of ${planned}` : String(run.epochs)),
            card("time", duration(run.seconds), run.epochs && e.seconds.length ? `${duration(median(e.seconds))} an epoch` : null),
            card("images per second", known(speed) ? plain(speed) : "–", known(speed) ? "median of training" : null),
            detail.network ? card("parameters", count(detail.network.parameters), `${(detail.network.macs / 1e6).toFixed(1)} million MACs an image`) : null)),
        runCurves(run),
        scores ? section("confusion", "Confusion matrix", el("p", {class: "under"}, `The best checkpoint on ${count(scores.images)} test images: loss ${loss(scores.loss)}, accuracy ${percent(scores.accuracy)}.`), confusion(scores)) : null,
        scores ? section("classes", "Classes", classTable(scores)) : null,
        scores && scores.mistakes.length ? section("mistakes", "Worst mistakes", el("p", {class: "under"}, `Of ${count(scores.n_mistakes)} mistakes, the ${scores.mistakes.length} that the network was surest of.`), mistakes(scores)) : null,
        detail.filters ? section("filters", "First filters", filters(detail.filters)) : null,
        detail.network ? section("network", "Network", network(detail.network)) : null,
        e.epoch.length ? section("epochs", "Epochs", epochTable(run)) : null,
        section("setup", "Config and environment",
            detail.config !== null ? folded("config.yaml", detail.config) : null,
            detail.log !== null ? folded("The end of log.txt", detail.log, run.status !== "done") : null,
            detail.environment ? environment(detail.environment) : null),
    ];
    return [
        el("header", {}, el("h1", {}, last(run.path), " ", status(run.status)), el("div", {class: "under"}, run.path), navigation()),
        notice("What this run does not have", missing.map((m) => `${m.what}: ${m.why}`)), ...content, footer(),
    ];
}

function navigation() {
    return el("nav", {"aria-label": "Sections"}, titles.map(([id, title]) => el("a", {href: "#" + id}, title)));
}

/* ---- several runs ---- */

const figures = [
    ["val_acc", "val acc", percent, true], ["test_acc", "test acc", percent, true],
    ["val_loss", "val loss", loss, false], ["test_loss", "test loss", loss, false], ["seconds", "seconds", fixed(0), false],
];

/* A key's last part, where no other key has the same. */
function shortKey(key) {
    const end = key.split(".").pop();
    return data.keys.filter((other) => other.split(".").pop() === end).length === 1 ? end : key;
}

const asNumber = (text) => text !== null && text.trim() !== "" && isFinite(Number(text)) ? Number(text) : null;

function runTable(runs, labels) {
    const best = sorted(runs, (r) => r.val_acc, false)[0];
    const key = (k) => ({title: shortKey(data.keys[k]), cell: (r) => r.values[k] === null ? "–" : r.values[k],
        key: (r) => { const n = asNumber(r.values[k]); return n === null ? r.values[k] : n; }});
    return table("Click a title to sort; the run with the best validation accuracy is tinted", [
        {title: "run", text: true, key: (r) => labels[runs.indexOf(r)], cell: (r) => [el("span", {class: "swatch", style: {"--color": colorName(runs.indexOf(r))}}), labels[runs.indexOf(r)]]},
        ...data.keys.map((_, k) => key(k)),
        {title: "status", text: true, key: (r) => r.status, cell: (r) => status(r.status)},
        {title: "epochs", key: (r) => r.epochs, cell: (r) => count(r.epochs), downFirst: true},
        {title: "best epoch", key: (r) => r.best_epoch || null, cell: (r) => r.best_epoch ? count(r.best_epoch) : "–"},
        ...figures.map(([column, title, format, downFirst]) => ({title, key: (r) => r[column], cell: (r) => format(r[column]), downFirst})),
    ], runs, {id: "run-table", rowClass: (r) => known(best.val_acc) && r === best ? "best" : null});
}

function overlaid(runs, labels) {
    const make = (id, title, x, format, of, more) => chartIf({id, title, x, format, ...more,
        series: runs.map((run, i) => ({name: labels[i], color: i, points: of(run)}))});
    const epochs = (column) => (run) => pairs(run.curves.epochs.epoch, run.curves.epochs[column]);
    const steps = (column) => (run) => pairs(run.curves.steps.step, run.curves.steps[column]);
    const list = [
        make("val-acc", "Validation accuracy", "epoch", percent, epochs("val_acc")),
        make("val-loss", "Validation loss", "epoch", loss, epochs("val_loss")),
        make("train-acc", "Training accuracy", "epoch", percent, epochs("train_acc")),
        make("train-loss", "Training loss", "epoch", loss, epochs("train_loss")),
        make("step-loss", "Loss by step", "step", loss, steps("loss")),
        make("step-acc", "Accuracy by step", "step", percent, steps("acc")),
        make("lr", "Learning rate", "step", plain, steps("lr"), {zero: true}),
        make("speed", "Images per second", "step", plain, steps("images_per_s"), {zero: true}),
    ].filter(Boolean);
    return list.length ? section("curves", "Curves", howTo(), el("div", {class: "charts"}, list)) : null;
}

/* The result of each run over one key that was swept: numbers on an axis, which is logarithmic where they
   span a decade and more; words side by side. */
function sweptChart(runs, labels, k, [column, title, format]) {
    const all = runs.map((run, i) => ({i, text: run.values[k], n: asNumber(run.values[k]), y: run[column]})).filter((p) => p.text !== null && known(p.y));
    const numeric = all.every((p) => p.n !== null), words = numeric ? [] : [...new Set(all.map((p) => p.text))].sort();
    const points = all.map((p) => ({...p, x: numeric ? p.n : words.indexOf(p.text)})).sort((a, b) => a.x - b.x);
    if (points.length === 0)
        return null;
    const low = points[0].x, high = points[points.length - 1].x, key = shortKey(data.keys[k]);
    return chart({id: "swept-" + data.keys[k], title: `${title} over ${key}`, x: data.keys[k], format, points: true,
        logX: numeric && low > 0 && high / low >= 10, line: numeric && data.keys.length === 1,
        ticks: numeric ? null : () => words.map((label, v) => ({v, label: label.length > 18 ? label.slice(0, 17) + "…" : label})),
        series: [{name: title, color: 0, points: []}], rows: points.map((p) => [p.x, p.y]), colors: points.map((p) => p.i),
        pointName: (row) => { const p = points[row]; return `${labels[p.i]}: ${key} ${p.text}, ${title} ${format(p.y)}`; }});
}

function swept(runs, labels) {
    if (data.keys.length === 0)
        return null;
    const place = el("div", {class: "charts"});
    const choice = el("select", {id: "figure"}, figures.map(([, title], i) => el("option", {value: i}, title)));
    const build = () => {
        for (let i = charts.length; i-- > 0;)
            if (charts[i].spec.points) {
                charts[i].graph && charts[i].graph.destroy();
                charts.splice(i, 1);
            }
        const before = charts.length;
        const list = data.keys.map((_, k) => sweptChart(runs, labels, k, figures[choice.value])).filter(Boolean).slice(0, 8);
        place.replaceChildren(...(list.length ? list : [el("p", {class: "faint"}, "No run has this result yet.")]));
        if (place.isConnected)
            charts.slice(before).forEach(draw);
    };
    choice.addEventListener("change", build);
    build();
    const lost = runs.filter((r) => !known(r.val_acc)).length;
    return section("swept", "Result by key", el("p", {class: "controls"}, el("label", {for: "figure"}, "Result: "), choice,
        lost ? el("span", {class: "faint"}, ` ${lost} run${lost === 1 ? "" : "s"} without a result ${lost === 1 ? "is" : "are"} not shown`) : null), place);
}

function severalPage(runs) {
    const labels = runLabels(runs), best = sorted(runs, (r) => r.val_acc, false)[0];
    const states = {};
    runs.forEach((run) => states[run.status] = (states[run.status] || 0) + 1);
    const missing = runs.flatMap((run, i) => run.missing.map((m) => `${labels[i]}: ${m.what}: ${m.why}`));
    document.title = `${runs.length} runs – gnet`;
    const content = [
        section("results", "Results", cards(
            card("runs", String(runs.length), Object.entries(states).map(([s, n]) => `${n} ${s}`).join(", ")),
            known(best.val_acc) ? card("best validation accuracy", percent(best.val_acc), labels[runs.indexOf(best)]) : null,
            known(best.test_acc) ? card("its test accuracy", percent(best.test_acc), `loss ${loss(best.test_loss)}`) : null,
            card("time of all", duration(runs.reduce((sum, r) => sum + (known(r.seconds) ? r.seconds : 0), 0))))),
        section("runs", "Runs", runTable(runs, labels)),
        swept(runs, labels),
        overlaid(runs, labels),
    ];
    return [el("header", {}, el("h1", {}, `${runs.length} runs`),
        el("div", {class: "under"}, data.keys.length ? `differ in ${data.keys.join(", ")}` : "have the same config"), navigation()),
        notice("Left out", data.left_out), notice("What runs do not have", missing), ...content, footer()];
}

/* ---- the page ---- */

document.getElementById("page").append(...(data.detail ? singlePage(data.runs[0], data.detail) : severalPage(data.runs)).filter(Boolean));
charts.forEach(draw);
dark.addEventListener("change", () => charts.forEach((c) => c.graph.updateOptions(chartColors(c))));
window.gnetReport = {charts};
})();
