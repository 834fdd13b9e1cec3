import assert from "node:assert/strict";
import { test } from "node:test";
import { plotsOf } from "./pages.mjs";
import { bytes, draw, parse, short } from "./plots.mjs";

const BULK = parse(`test,metric,variant,median,min,max
up1,"bulk up, 1 connection, MB/s",go,500.0000,450.0000,510.0000
up1,"bulk up, 1 connection, MB/s",relay,1000.0000,900.0000,1100.0000
dn1,"bulk down, 1, MB/s",relay,250.0000,240.0000,260.0000
`);
const CURVES = parse(
    "test,metric,variant,median,min,max\n" +
        [1, 16, 4096, 1048576].map((size, i) => `size${size},round trips per s,relay,${1000 * (4 - i)},1,1\n`).join(""),
);

function only(rows, file) {
    const plots = plotsOf("x", rows).filter((plot) => plot.file === file);
    assert.equal(plots.length, 1);
    return draw(rows, plots[0]);
}

/** The heights of the bars with a colour, from left to right. */
function heights(svg, colour) {
    const bar = new RegExp(`<path d="M[\\d.]+ [\\d.]+l[\\d.]+ 0l0 -([\\d.]+)l-[\\d.]+ 0Z" fill="${colour}"`, "g");
    return [...svg.matchAll(bar)].map((match) => Number(match[1]));
}

test("fields of CSV may be quoted", () => {
    assert.deepEqual(parse('a,b\n1,"x, ""y"""\n'), [{ a: "1", b: 'x, "y"' }]);
    assert.throws(() => parse("a,b\n1,2,3\n"), /not a line/);
});

test("numbers are short", () => {
    assert.deepEqual([0.4567, 12, 1234, 56789, 2e6].map(short), ["0.457", "12", "1,230", "56.8 k", "2 M"]);
    assert.deepEqual([1, 1024, 65536, 1048576].map(bytes), ["1 B", "1 KiB", "64 KiB", "1 MiB"]);
});

test("bars are as high as their values", () => {
    const svg = only(BULK, "x.svg");
    const [go] = heights(svg, "#0072b2");
    const [up, down] = heights(svg, "#e69f00");
    assert.ok(go > 20, svg);
    assert.ok(Math.abs(up - 2 * go) < 2, `${up} ${go}`);
    assert.ok(Math.abs(2 * down - go) < 2, `${down} ${go}`);
    for (const text of [">1,000<", ">500<", ">250<", ">1 up<", ">1 down<", ">go<", ">relay<", "<title>Bulk"]) assert.ok(svg.includes(text), text);
    assert.ok(!svg.includes("Processor time"), "a panel without results");
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|null/);
});

test("a curve has a point for each number, and readable axes", () => {
    const svg = only(CURVES, "x-sizes.svg");
    for (const text of [">1 B<", ">16 B<", ">4 KiB<", ">1 MiB<", ">size of a message<", ">4,000<"]) assert.ok(svg.includes(text), `${text} ${svg}`);
    assert.equal([...svg.matchAll(/<path d="M1 0A1 1 0/g)].length, 4, svg);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|null/);
});

test("the same results give the same bytes, whatever was drawn before", () => {
    const first = only(BULK, "x.svg");
    only(CURVES, "x-sizes.svg");
    assert.equal(only(BULK, "x.svg"), first);
});

test("a file has the plots for which it has results", () => {
    assert.deepEqual(
        plotsOf("x", BULK).map((plot) => plot.file),
        ["x.svg"],
    );
    assert.deepEqual(
        plotsOf("y", CURVES).map((plot) => plot.file),
        ["y-sizes.svg"],
    );
    const starts = parse(`test,metric,variant,median,min,max
start,"start of the server, ms",relay,300,290,310
start,"RSS of the server then, MiB",relay,40,39,41
fresh10000,"RSS of the server, MiB",relay,60,59,61
fresh1000,"RSS of the server, MiB",relay,50,49,51
`);
    const [plot] = plotsOf("z", starts);
    assert.deepEqual(
        plot.panels[1].tests.map(([name]) => name),
        ["start", "fresh1000", "fresh10000"],
    );
    assert.ok(draw(starts, plot).includes(">10,000 idle visitors<"));
});

test("no two variants have the same colour", () => {
    const many = (count) => Array.from({ length: count }, (_, i) => ({ ...BULK[0], variant: `v${i}` }));
    assert.equal(heights(only(many(8), "x.svg"), "#000000").length, 1);
    assert.throws(() => only(many(9), "x.svg"), /9 variants/);
});
