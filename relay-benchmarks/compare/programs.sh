# shellcheck shell=bash disable=SC2034,SC2154 # variables of run
# The tests of ./run with programs that are not ours: wrk with nginx, and redis-benchmark with Redis. ./run sources this file.

program_connections=64

# start_service TEST: the service for a test, behind the forwarder; sets service_port.
start_service() {
    local folder=$work/service body
    service_port=$(free_port)
    mkdir -p "$folder"
    case $1 in
        nginx*)
            need nginx
            need wrk
            body=$(printf 'x%.0s' {1..1024})
            cat >"$folder/nginx.conf" <<EOF
daemon off;
worker_processes 1;
pid $folder/pid;
error_log stderr;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$service_port backlog=4096;
        location / { return 200 "$body"; }
    }
}
EOF
            start nginx nginx -p "$folder" -e stderr -c "$folder/nginx.conf"
            ;;
        redis)
            need redis-server
            need redis-benchmark
            start redis redis-server --bind 127.0.0.1 --port "$service_port" --save "" --appendonly no --dir "$folder"
            ;;
    esac
    connects "$service_port"
}

# ticks VARIANT server|forwarder: the processor time until now, in hundredths of a second.
ticks() {
    local -n processes=$2
    [ -z "${processes[$1]:-}" ] || sed -E 's/.*\) //' "/proc/${processes[$1]}/stat" | awk '{ print $12 + $13 }'
}

# whole SUM: rounded up, because wrk has whole seconds only.
whole() { awk "BEGIN { s = $1; i = int(s); print i + (s > i) }"; }

# run_program TEST VARIANT ROUND: a first run that does not count, then one that does.
run_program() {
    local seconds server_ticks forwarder_ticks
    seconds=$(whole "$warm + $warmup")
    [ "$seconds" = 0 ] || program "$1" "${port[$2]}" "$seconds" >/dev/null || true
    seconds=$(whole "$secs")
    server_ticks=$(ticks "$2" server) forwarder_ticks=$(ticks "$2" forwarder)
    program "$1" "${port[$2]}" "$seconds" >"$work/program" 2>&1 || echo "failed: yes" >>"$work/program"
    awk -v label="$2/$1/$3" -v server="$server_ticks $(ticks "$2" server)" -v forwarder="$forwarder_ticks $(ticks "$2" forwarder)" \
        -v requests="$(redis_requests "$seconds")" -f "$here/programs.awk" "$work/program" >"$work/line" || {
        failures=$((failures + 1))
        { echo "compare: errors in $2/$1/$3:"; tail -n 20 "$work/program"; } >&2
    }
    runs=$((runs + 1))
    cat "$work/line" >>"$out"
    echo "$2/$1/$3 $(grep -oE '"(per_s|p50_us)":[0-9.]+' "$work/line" | tr '\n' ' ')" >&2
}

# redis-benchmark ends after a number of requests. This many take about that many seconds.
redis_requests() { echo $(($1 * 50000)); }

program() { # TEST PORT SECONDS
    case $1 in
        nginx) drive wrk -t1 -c "$program_connections" -d "$3" --latency "http://127.0.0.1:$2/" ;;
        nginxclose) drive wrk -t1 -c "$program_connections" -d "$3" --latency -H "Connection: close" "http://127.0.0.1:$2/" ;;
        redis) drive redis-benchmark -h 127.0.0.1 -p "$2" -c "$program_connections" -n "$(redis_requests "$3")" -t get --csv ;;
    esac
}
