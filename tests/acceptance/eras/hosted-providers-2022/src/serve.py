"""Answers on the port it was given, and asks itself."""

import glob
import http.server
import os
import sys
import threading
import urllib.request

known = open(glob.glob("model/*/known")[0]).read().split()[: int(os.environ["LIMIT"])]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(known[int(self.path[1:])].encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print("served", opener.open(f"http://127.0.0.1:{sys.argv[1]}/2").read().decode())
server.shutdown()
