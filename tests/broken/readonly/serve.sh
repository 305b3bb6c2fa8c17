#!/bin/sh
# Serves one page until it is told to stop.
echo started >/app/state || exit 1
trap 'kill "$server"; exit 0' TERM
httpd -f -p 8080 -h /app &
server=$!
wait "$server"
