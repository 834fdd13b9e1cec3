# One JSON line from the output of wrk --latency or redis-benchmark --csv; see programs.sh. Exits with 1 if there were errors.
#
#   awk -v label=VARIANT/TEST/ROUND -v server="TICKS TICKS" -v forwarder="TICKS TICKS" -v requests=N -f programs.awk FILE

function micros(text) {
    if (text ~ /us$/) return text + 0
    if (text ~ /ms$/) return text * 1e3
    return text * 1e6
}

function ticks(text,    both) {
    return split(text, both, " ") == 2 ? (both[2] - both[1]) / 100 : -1
}

# wrk
$1 == "50%" { p50 = micros($2) }
$1 == "99%" { p99 = micros($2) }
/ requests in / { samples = $1; secs = micros(substr($4, 1, length($4) - 1)) / 1e6 }
/^Requests\/sec:/ { per_s = $2 }
/Socket errors:/ { gsub(/[^0-9 ]/, ""); errors += $1 + $2 + $3 + $4 }
/Non-2xx/ { errors += $NF }

# "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
/^"GET"/ {
    gsub(/"/, "")
    split($0, field, ",")
    per_s = field[2]; p50 = field[5] * 1e3; p99 = field[7] * 1e3; samples = requests; secs = samples / per_s
}

/^failed: / || /^Error/ { errors++ }

END {
    if (!samples) errors++
    printf "{\"mode\":\"program\",\"label\":\"%s\",\"secs\":%.3f,\"samples\":%d,\"per_s\":%.3f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"errors\":%d",
        label, secs, samples, per_s, p50, p99, errors
    if (ticks(server) >= 0) printf ",\"cpu_s\":{\"server\":%.3f,\"forwarder\":%.3f}", ticks(server), ticks(forwarder)
    print "}"
    exit errors > 0
}
