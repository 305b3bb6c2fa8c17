#!/bin/sh
# A stubborn program: it serves one page and does not end when it is asked to.
trap '' TERM
httpd -f -p 8080 -h /app &
while true; do wait; sleep 1; done
