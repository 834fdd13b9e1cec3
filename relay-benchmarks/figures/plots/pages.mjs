// The plots: which of them a file of results has, by the tests in it.

const ECHO = [
    ["mixup", "beside upload"],
    ["mixdn", "beside download"],
    ["mixboth", "beside both"],
];
const BULK = [
    ["up1", "1 up"],
    ["dn1", "1 down"],
    ["up8", "8 up"],
    ["dn8", "8 down"],
    ["up64", "64 up"],
    ["dn64", "64 down"],
];
const CURVE = [
    { title: "Round trips per second", metric: "round trips per s" },
    { title: "MB/s each way", metric: "MB/s each way" },
    { title: "Processor time of server and forwarder for a round trip, µs", metric: "CPU us per round trip", log: true },
    { title: "RSS of the server, MiB", metric: "RSS of the server, MiB" },
    { title: "RSS of the forwarder, MiB", metric: "RSS of the forwarder, MiB" },
];
const without = (metric) => CURVE.filter((panel) => panel.metric !== metric);

const PLOTS = [
    {
        name: "",
        title: "Bulk transfers, by number of connections and direction",
        panels: [
            { title: "MB/s (more is better)", tests: BULK, metric: "MB/s" },
            { title: "Processor time of server and forwarder, s per GB (less is better)", tests: BULK, metric: "CPU s per GB" },
        ],
    },
    {
        name: "-echo",
        title: "Echo of 1 byte every ms beside bulk transfers (less is better)",
        panels: [
            { title: "p50, µs", tests: ECHO, metric: "p50 us" },
            { title: "p99, µs", tests: ECHO, metric: "p99 us" },
        ],
    },
    {
        name: "-start",
        title: "Start, and memory with idle visitors (less is better)",
        panels: [
            {
                title: "Time, ms (logarithmic)",
                log: true,
                tests: [
                    ["start", "server accepts its forwarder", "start of the server, ms"],
                    ["start", "first visitor served", "start of the forwarder to the first visitor served, ms"],
                ],
            },
            { title: "RSS of the server, MiB (logarithmic)", log: true, idle: "RSS of the server" },
            { title: "RSS of the forwarder, MiB (logarithmic)", log: true, idle: "RSS of the forwarder" },
        ],
    },
    { name: "-visitors", curve: "vis", number: "visitors", title: "Visitors that each send 1 KiB and wait for it", panels: without("MB/s each way") },
    { name: "-tunnels", curve: "tun", number: "tunnels", title: "Tunnels with 2,000 visitors together, 1 B messages", panels: without("MB/s each way") },
    { name: "-sizes", curve: "size", number: "size of a message", base: 2, title: "Sizes of messages of 16 visitors", panels: CURVE },
];

/** The plots of a file, complete: panels without results are left out, and plots without panels. */
export function plotsOf(file, rows) {
    return PLOTS.map((plot) => ({
        ...plot,
        file: `${file}${plot.name}.svg`,
        panels: plot.panels.map((panel) => withResults(panel, plot, rows)).filter((panel) => panel !== null),
    })).filter((plot) => plot.panels.length > 0);
}

function withResults(panel, plot, rows) {
    if (plot.curve) return rows.some((row) => row.test.startsWith(plot.curve) && row.metric === panel.metric) ? panel : null;
    const all = panel.idle ? idle(panel.idle, [...new Set(rows.map((row) => row.test))]) : panel.tests;
    const tests = all.filter(([test, , metric]) => rows.some((row) => row.test === test && row.metric.endsWith(metric ?? panel.metric)));
    return tests.length > 0 ? { ...panel, tests } : null;
}

/** Memory at the start, and with each number of idle visitors. */
function idle(metric, tests) {
    if (!tests.includes("start")) return [];
    const numbers = tests.flatMap((test) => /^fresh(\d+)$/.exec(test)?.[1] ?? []).map(Number);
    numbers.sort((one, other) => one - other);
    return [
        ["start", "no visitor", `${metric} then, MiB`],
        ...numbers.map((number) => [`fresh${number}`, `${number.toLocaleString("en")} idle visitors`, `${metric}, MiB`]),
    ];
}
