#!/bin/sh
# Brings the real clients and registries that the tests talk to: installs them as root on Debian or Ubuntu, elsewhere
# says what to install. Tests of a client that is not there are skipped, unless CI=true.
set -eu

# program:package
tools="skopeo:skopeo podman:podman buildah:buildah ctr:containerd crun:crun
       docker-registry:docker-registry dnsmasq:dnsmasq-base htpasswd:apache2-utils openssl:openssl curl:curl s3cmd:s3cmd rclone:rclone
       node:nodejs npm:npm"

missing=""
for tool in $tools; do
    command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool#*:}"
done
javascript="$(dirname "$0")/../tests/clients/javascript"
install_javascript() {
    if command -v npm >/dev/null && [ ! -d "$javascript/node_modules" ]; then
        echo "Installing AWS's SDK for JavaScript ..." >&2
        npm install --prefix "$javascript" --silent --no-audit --no-fund --no-package-lock ||
            echo "npm failed: the tests with AWS's SDK for JavaScript are skipped" >&2
    fi
}
if [ -z "$missing" ]; then
    install_javascript
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing ..." >&2
    # Debian starts the registry and containerd as services once they are installed; the tests start their own.
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "For the tests with real clients, install:$missing" >&2
    echo "  Debian, Ubuntu: sudo apt install$missing" >&2
    echo "  macOS: brew install skopeo podman (the others have no packages there; their tests are skipped)" >&2
fi
install_javascript
