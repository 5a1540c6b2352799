"""Opens a page in headless Chromium and does what a reader does there: browser.py PAGE ACTION...

ACTION is one of
  eval:EXPRESSION   prints the value of the JavaScript expression as a line of JSON
  hover:SELECTOR    moves the mouse to the middle of the element; hover:X,Y:SELECTOR to that share of it
  click:SELECTOR    clicks on it
  drag:SELECTOR     drags across the middle third of it
  key:NAME          presses a key: Tab, Enter, ArrowRight...
  size:WIDTHxHEIGHT the window's
  scheme:dark       or light
  shot:FILE         writes a picture of the whole page

Prints a line on standard error, and exits with 1, for each exception or console message of a level above
info, and for whatever the page asked the network for. Exits with 77 where there is no Chromium.
Without a PAGE it prints which Chromium it would take.

It speaks the DevTools protocol by a pipe, so that Python alone is needed."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
         "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe", "--disable-background-networking")


class Browser:
    def __init__(self, command, profile):
        self.troubles = []
        self.number = 0
        self.buffer = b""
        self.session = None
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self.read_end, self.write_end = ours_in, ours_out

        def take_pipes():  # the protocol's are descriptors 3 and 4
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            for end in (ours_in, ours_out):  # a pipe ends when no one holds it
                os.close(end)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen([command, *FLAGS, "--user-data-dir=" + profile, "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=take_pipes,
                                        close_fds=False, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)

    def receive(self):
        while b"\0" not in self.buffer:
            part = os.read(self.read_end, 1 << 16)
            if not part:
                sys.exit("browser.py: Chromium ended")
            self.buffer += part
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        self.note(message)
        return message

    def note(self, message):
        """Keeps what a reader would find wrong with the page."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            detail = params["exceptionDetails"]
            self.troubles.append("exception: " + detail.get("exception", {}).get("description", detail["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] not in ("log", "info", "debug"):
            self.troubles.append("console: " + str([a.get("value") for a in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            self.troubles.append("console: " + params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.troubles.append("network: " + url)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"browser.py: {method}: {answer['error']['message']}")
                return answer["result"]

    def wait_for(self, method):
        while self.receive().get("method") != method:
            pass

    def open(self, url):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(1280, 900)
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit("browser.py: " + expression + ": " + result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def settle(self):
        """Two frames: what was asked for has been drawn."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def place(self, selector, x=0.5, y=0.5):
        box = self.evaluate("(() => { const e = document.querySelector(%s); if (!e) return null;"
                            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
                            "return [b.x, b.y, b.width, b.height]; })()" % json.dumps(selector))
        if not box:
            sys.exit("browser.py: nothing is " + selector)
        return box[0] + x * box[2], box[1] + y * box[3]

    def mouse(self, kind, x, y, buttons=0):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=buttons,
                  button="left" if kind != "mouseMoved" or buttons else "none",
                  clickCount=0 if kind == "mouseMoved" else 1)

    def hover(self, argument):
        share, _, selector = argument.partition(":") if argument[0].isdigit() else ("0.5,0.5", "", argument)
        x, y = self.place(selector, *(float(part) for part in share.split(",")))
        self.mouse("mouseMoved", x - 2, y)
        self.mouse("mouseMoved", x, y)

    def click(self, selector):
        x, y = self.place(selector)
        self.mouse("mousePressed", x, y, 1)
        self.mouse("mouseReleased", x, y)

    def drag(self, selector):
        (x, y), (end, _) = self.place(selector, 1 / 3), self.place(selector, 2 / 3)
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1)
        for part in range(1, 6):
            self.mouse("mouseMoved", x + (end - x) * part / 5, y, 1)
        self.mouse("mouseReleased", end, y)

    def key(self, name):
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowRight": 39}
        text = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=codes[name],
                      **(text if kind == "keyDown" else {}))

    def shot(self, path):
        height = self.evaluate("document.documentElement.scrollHeight")
        width = self.evaluate("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def act(self, action):
        kind, _, argument = action.partition(":")
        if kind == "eval":
            print(json.dumps(self.evaluate(argument), ensure_ascii=False))
        elif kind == "size":
            self.resize(*(int(side) for side in argument.split("x")))
        elif kind == "scheme":
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": argument}])
        elif kind in ("hover", "click", "drag", "key", "shot"):
            getattr(self, kind)(argument)
        else:
            sys.exit("browser.py: no action is called " + kind)
        self.settle()

    def close(self):
        """The command may be a script that waits for the browser: both are to end."""
        os.close(self.write_end)
        os.close(self.read_end)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def find_command():
    """$CHROMIUM, or else the first that is installed."""
    names = (os.environ["CHROMIUM"],) if "CHROMIUM" in os.environ else NAMES
    return next((path for path in map(shutil.which, names) if path), None)


def main():
    command = find_command()
    if not command:
        print("browser.py: there is no Chromium", file=sys.stderr)
        return 77
    if len(sys.argv) < 2:
        print(command)
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(command, profile)
        try:
            browser.open("file://" + os.path.abspath(sys.argv[1]))
            for action in sys.argv[2:]:
                browser.act(action)
            for trouble in browser.troubles:
                print("browser.py: " + trouble, file=sys.stderr)
            return 1 if browser.troubles else 0
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
