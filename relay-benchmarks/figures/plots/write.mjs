// node write.mjs FOLDER FILE.csv...: writes the plots of these files into the folder, and prints their names.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { plotsOf } from "./pages.mjs";
import { draw, parse } from "./plots.mjs";

export function write(folder, files) {
    for (const file of files) {
        const rows = parse(readFileSync(file, "utf8"));
        for (const plot of plotsOf(basename(file, ".csv"), rows)) {
            writeFileSync(join(folder, plot.file), draw(rows, plot));
            console.log(plot.file);
        }
    }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) write(process.argv[2], process.argv.slice(3));
