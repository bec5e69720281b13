/* Draws the prices of a symbol as they come, some at a time, at most 60 times a second. */

const SHOWN_MS = 20_000;

/** @type {{ symbol: string, times: Date[], prices: number[] }} */
let line = { symbol: '', times: [], prices: [] };
let counted = { since: performance.now(), prices: 0, frames: 0 };

/** What StreamSubscribe calls with the data that has waited. */
function plot(batch) {
    for (const { data } of batch) {
        add(data);
    }
    draw();
    count(batch.length);
}

function add({ symbol, time, price }) {
    if (symbol !== line.symbol) {
        line = { symbol, times: [], prices: [] };
    }
    // After an outage the publisher may send once more what is there already.
    if (time >= (line.times.at(-1) ?? 0)) {
        line.times.push(new Date(time));
        line.prices.push(price);
    }
}

function draw() {
    const end = line.times.at(-1);
    const start = new Date(end - SHOWN_MS);
    const tooOld = line.times.findIndex((time) => time >= start);
    line.times.splice(0, tooOld);
    line.prices.splice(0, tooOld);
    // Until Dash has loaded its chart, the prices wait for it.
    const chart = document.querySelector('#chart .js-plotly-plot');
    if (!chart) {
        return;
    }
    const trace = {
        x: line.times,
        y: line.prices,
        name: line.symbol,
        mode: 'lines',
        line: { color: '#3f7fdd', width: 2 },
    };
    const xaxis = { ...chart.layout.xaxis, autorange: false, range: [start, end] };
    // Plotly looks into lists that it knows only when it is told that they have changed.
    const datarevision = (chart.layout.datarevision ?? 0) + 1;
    window.Plotly.react(chart, [trace], { ...chart.layout, xaxis, datarevision });
    dash_clientside.set_props('price', { children: line.prices.at(-1).toFixed(2) });
}

function count(prices) {
    const seconds = (performance.now() - counted.since) / 1000;
    counted.prices += prices;
    counted.frames += 1;
    if (seconds >= 1) {
        const [shown, frames] = [counted.prices / seconds, counted.frames / seconds].map(
            Math.round,
        );
        const text = `${shown} prices a second, in ${frames} frames`;
        dash_clientside.set_props('rate', { children: text });
        counted = { since: performance.now(), prices: 0, frames: 0 };
    }
}

window.dash_clientside = { ...window.dash_clientside, market: { plot } };
