#!/bin/sh
# /dev/bridge on the debug kernel, with more of everything at once.
# needs: debug

lib_path=..
# shellcheck source=tests/bridge-device.sh
. "$(dirname "$0")/../bridge-device.sh"

guest_test --cpus 4 --memory 448M --timeout 1800 bridge-device.sh 12 150 full
guest_test --debug --cpus 4 --memory 448M --timeout 3000 bridge-device.sh 8 60
done_testing
