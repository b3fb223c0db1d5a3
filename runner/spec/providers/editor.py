"""The commands that start Visual Studio Code in a browser.

It is no Python package. dstack fetched openvscode-server from its releases (1.67.2 hosted, 1.71.0
at 0.0.7, 1.74.3 at 0.1, 1.78.1 at 0.9); an editor that is installed here is taken first. The
token goes into a file, as any user of the machine can see the words of a command.
"""

from __future__ import annotations

_VERSION = "1.78.1"
_RELEASES = "https://github.com/gitpod-io/openvscode-server/releases/download"

START_EDITOR = f"""\
token=$(mktemp) && printf %s "$CONNECTION_TOKEN" > "$token" || exit
if command -v openvscode-server > /dev/null; then
  set -- openvscode-server
elif command -v code > /dev/null && [ -z "$wanted" ]; then
  set -- code serve-web --accept-server-license-terms
else
  case $(uname -m) in aarch64|arm64) machine=arm64 ;; *) machine=x64 ;; esac
  name=openvscode-server-v${{wanted:-{_VERSION}}}
  folder=$(mktemp -d) || exit
  echo "fetching $name"
  curl --location --fail --silent --show-error --output "$folder/editor.tar.gz" \\
    "{_RELEASES}/$name/$name-linux-$machine.tar.gz" &&
    tar -xzf "$folder/editor.tar.gz" -C "$folder" --strip-components=1 || exit
  set -- "$folder/bin/openvscode-server"
fi
exec "$@" --host 127.0.0.1 --port "$port" --connection-token-file "$token"
"""
