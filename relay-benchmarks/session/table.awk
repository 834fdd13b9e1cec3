# Converts lines "shape transport relay_ns go_ns" of all rounds to a Markdown table, below the text of the lines "# ".

function sort(values, n,    i, j, held) {
    for (i = 2; i <= n; i++) {
        held = values[i]
        for (j = i - 1; j >= 1 && values[j] > held; j--) values[j + 1] = values[j]
        values[j + 1] = held
    }
}

function median(values, n) {
    sort(values, n)
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

function collect(column, key,    i, n) {
    split("", picked)
    n = count[key]
    for (i = 1; i <= n; i++) picked[i] = cell[key, i, column]
    return n
}

# Bytes of one operation; 0 for a shape that carries none.
function bytes(shape) {
    if (shape == "SendRecvLarge") return 512 * 1024 * 1024
    return shape ~ /[0-9]$/ ? substr(shape, match(shape, /[0-9]+$/)) + 0 : 0
}

function rate(shape, ns) {
    return bytes(shape) ? sprintf("%.0f", bytes(shape) * 1e3 / ns) : ""
}

/^#/ {
    print substr($0, 3)
    next
}

{
    key = $1 " " $2
    if (!(key in count)) order[++keys] = key
    i = ++count[key]
    cell[key, i, "relay"] = $3 + 0
    cell[key, i, "go"] = $4 + 0
    cell[key, i, "ratio"] = $4 / $3
}

END {
    print "| shape | transport | Relay ns/op | Go ns/op | Relay MB/s | Go MB/s | Relay is faster by |"
    print "|---|---|---:|---:|---:|---:|---|"
    for (k = 1; k <= keys; k++) {
        key = order[k]
        split(key, name, " ")
        n = collect("relay", key)
        relay = median(picked, n)
        n = collect("go", key)
        go = median(picked, n)
        n = collect("ratio", key)
        ratio = median(picked, n)
        printf "| %s | %s | %.0f | %.0f | %s | %s | %.2f [%.2f-%.2f] |\n", name[1], name[2], relay, go,
            rate(name[1], relay), rate(name[1], go), ratio, picked[1], picked[n]
    }
}
