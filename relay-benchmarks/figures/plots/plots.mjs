// Draws the plots of docs/performance.md from the CSV of the program Csv in ../../src/main/java. The same CSV always gives the same
// bytes, on every machine: ECharts draws without a browser, a clock and fonts.

import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 860; // pixels, as are all lengths
const MARGIN = { left: 70, right: 25, top: 64, bottom: 44 };
const BARS = { height: 190, gap: 78 };
const LINES = { height: 150, gap: 92 };
const TEXT = "#222222";
const GRID = "#dddddd";

// Told apart by people who do not see all colours (Okabe and Ito).
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#999999", "#000000"];

/** The lines of a CSV file as objects with the names of its first line. Fields may be quoted. */
export function parse(csv) {
    const rows = csv
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2]));
    const [names, ...lines] = rows;
    return lines.map((fields) => {
        if (fields.length !== names.length) throw new Error(`not a line of this CSV: ${fields}`);
        return Object.fromEntries(fields.map((field, i) => [names[i], field]));
    });
}

/** 1500000 as 1.5 M, 20000 as 20 k, 1234 as 1,230, 0.4 as 0.4. */
export function short(number) {
    if (number >= 1e6) return `${+(number / 1e6).toPrecision(3)} M`;
    if (number >= 1e4) return `${+(number / 1e3).toPrecision(3)} k`;
    return String(+number.toPrecision(3)).replace(/^(\d)(\d{3})$/, "$1,$2");
}

/** 262144 as 256 KiB, 100 as 100 B. */
export function bytes(number) {
    if (number >= 1 << 20) return `${number >> 20} MiB`;
    return number >= 1 << 10 ? `${number >> 10} KiB` : `${number} B`;
}

/**
 * A plot of one file.
 *
 * @param rows of the CSV
 * @param plot title, and panels one below the other: either bars, by variant for each of "tests", of the metrics whose name has the
 *     text "metric"; or with "curve" lines of the metrics over the numbers at the end of the tests' names
 */
export function draw(rows, plot) {
    const variants = [...new Set(rows.map((row) => row.variant))];
    if (variants.length > COLOURS.length) throw new Error(`${variants.length} variants, but a plot has ${COLOURS.length} colours`);
    const option = {
        animation: false,
        backgroundColor: "#ffffff",
        color: COLOURS,
        textStyle: { fontFamily: "sans-serif", color: TEXT },
        title: [heading(plot.title, 16, 10, "bold")],
        legend: { top: 34, left: MARGIN.left - 8, data: variants, itemGap: 20, selectedMode: false, textStyle: { fontSize: 13, color: TEXT } },
        grid: [],
        xAxis: [],
        yAxis: [],
        series: [],
    };
    const { height: panelHeight, gap } = plot.curve ? LINES : BARS;
    let top = MARGIN.top + 38;
    plot.panels.forEach((panel, index) => {
        option.title.push(heading(panel.title, 13, top - 30, "normal"));
        option.grid.push({ left: MARGIN.left, right: MARGIN.right, top, height: panelHeight });
        (plot.curve ? curve : bars)(option, index, rows, panel, plot, variants);
        top += panelHeight + gap;
    });
    const height = top - gap + MARGIN.bottom + (plot.curve ? 12 : 0);
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
    chart.setOption(option);
    const svg = chart.renderToSVGString();
    chart.dispose();
    return `${finished(svg, plot.title)}\n`;
}

function heading(text, fontSize, top, fontWeight) {
    return { text, top, left: MARGIN.left - 5, padding: 0, textStyle: { fontSize, fontWeight, color: TEXT } };
}

/** A picture has no pointer, whose styles have names that count all charts of the process. Screen readers read the title. */
function finished(svg, title) {
    const text = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return svg
        .replace(/<style[^]*?<\/style>\n?/g, "")
        .replace(/ class="[^"]*"/g, "")
        .replace(/<svg ([^>]*)>/, `<svg $1 role="img"><title>${text}</title>`);
}

function axis(index, more) {
    return {
        gridIndex: index,
        axisLine: { show: true, lineStyle: { color: TEXT } },
        axisLabel: { color: TEXT, fontSize: 12 },
        splitLine: { show: true, lineStyle: { color: GRID } },
        ...more,
    };
}

/** The value of a variant in a test. */
function value(rows, test, metric, variant) {
    return rows.find((row) => row.test === test && row.metric.endsWith(metric) && row.variant === variant);
}

function bars(option, index, rows, panel, plot, variants) {
    option.xAxis.push(
        axis(index, {
            type: "category",
            data: panel.tests.map(([, label]) => label),
            splitLine: { show: false },
            axisTick: { show: false },
            axisLabel: { interval: 0, color: TEXT, fontSize: 12 },
        }),
    );
    option.yAxis.push(axis(index, { type: panel.log ? "log" : "value", axisLabel: { formatter: short, color: TEXT, fontSize: 12 } }));
    variants.forEach((variant, which) => {
        const found = panel.tests.map(([test, , metric]) => value(rows, test, metric ?? panel.metric, variant));
        option.series.push({
            name: variant,
            type: "bar",
            xAxisIndex: index,
            yAxisIndex: index,
            itemStyle: { color: COLOURS[which % COLOURS.length] },
            barMaxWidth: 34,
            data: found.map((row) => (row ? Number(row.median) : null)),
            label: { show: true, position: "top", fontSize: 10, color: TEXT, formatter: (at) => short(at.value) },
        });
    });
}

function curve(option, index, rows, panel, plot, variants) {
    const number = new RegExp(`^${plot.curve}([0-9]+)$`);
    const numbers = [...new Set(rows.flatMap((row) => number.exec(row.test)?.[1] ?? []).map(Number))].sort((one, other) => one - other);
    option.xAxis.push(
        axis(index, {
            type: "log",
            logBase: plot.base ?? 10,
            min: numbers[0],
            max: numbers.at(-1),
            name: plot.number,
            nameLocation: "middle",
            nameGap: 28,
            nameTextStyle: { color: TEXT, fontSize: 12 },
            axisTick: { customValues: numbers },
            axisLabel: { customValues: numbers, formatter: plot.base === 2 ? bytes : short, color: TEXT, fontSize: 12 },
        }),
    );
    option.yAxis.push(
        axis(index, { type: panel.log ? "log" : "value", min: panel.log ? undefined : 0, axisLabel: { formatter: short, color: TEXT, fontSize: 12 } }),
    );
    variants.forEach((variant, which) => {
        const points = rows
            .filter((row) => row.variant === variant && row.metric === panel.metric && number.test(row.test))
            .map((row) => [Number(number.exec(row.test)[1]), Number(row.median)])
            .sort((one, other) => one[0] - other[0]);
        option.series.push({
            name: variant,
            type: "line",
            xAxisIndex: index,
            yAxisIndex: index,
            symbol: "circle",
            symbolSize: 6,
            lineStyle: { width: 2, color: COLOURS[which % COLOURS.length] },
            itemStyle: { color: COLOURS[which % COLOURS.length] },
            data: points,
        });
    });
}
