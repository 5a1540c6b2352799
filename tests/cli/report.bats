# gnet report: the page, its data, and what a browser makes of it.
load helpers

# a and b are done (lr 0.001 and 0.01), c was stopped within an epoch, d diverged.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    write_config tiny.yaml
    "$GNET" run -q tiny.yaml --name a train.lr=0.001 train.log_every=5 > /dev/null 3>&-
    "$GNET" run -q tiny.yaml --name b train.lr=0.01 train.log_every=5 > /dev/null 3>&-
    "$GNET" run -q tiny.yaml --name c train.max_steps=3 > /dev/null 3>&- || true
    "$GNET" run -q tiny.yaml --name d train.optimizer=sgd train.lr=1e30 > /dev/null 2>&1 3>&- || true
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    pages=$BATS_TEST_TMPDIR
}

# The value of a Python expression of the `data` in a page.
page_data() { # PAGE EXPRESSION
    python3 -c 'import json, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
data = json.loads(re.search(r"<script type=\"application/json\" id=\"data\">(.*?)</script>", page, re.S)[1])
print(eval(sys.argv[2]))' "$1" "$2"
}

browser() {
    python3 "$GNET_SOURCE_ROOT/tests/cli/browser.py" "$@" 3>&-
}

need_browser() {
    browser > /dev/null 2>&1 || skip "there is no Chromium (Debian: chromium-headless-shell)"
}

@test "the page of a run, and where it goes" {
    run -0 --separate-stderr "$GNET" report runs/a/
    [ "$output" = "runs/a/report.html: written" ]
    [ "$(page_data runs/a/report.html 'data["runs"][0]["missing"] + data["detail"]["missing"]')" = "[]" ]
    "$GNET" eval runs/a --json -q > "$pages/eval.json"
    [ "$(page_data runs/a/report.html 'data["detail"]["scores"]["confusion"]')" = \
        "$(json 'rows[0]["confusion"]' < "$pages/eval.json")" ]
    [ "$(page_data runs/a/report.html '[c["name"] for c in data["detail"]["scores"]["classes"]]')" = \
        "$(json '[c["name"] for c in rows[0]["classes"]]' < "$pages/eval.json")" ]
    [ "$(page_data runs/a/report.html 'len(data["runs"][0]["curves"]["steps"]["loss"])')" = 10 ]
    run -0 --separate-stderr "$GNET" report -q runs/a --no-scores -o "$pages/other.html"
    [ "$(page_data "$pages/other.html" 'data["detail"]["scores"]')" = None ]
}

@test "the page has everything in it" {
    "$GNET" report -q --no-scores runs/a -o "$pages/a.html"
    run -1 grep -nE "(src|href)=[\"']?(https?:)?//|@import|url\(|sourceMappingURL|\{\{[a-z]+\." "$pages/a.html"
    grep -q 'https://github.com/danvk/dygraphs/blob/.*LICENSE.txt (MIT)' "$pages/a.html"
    run -0 grep -c "default-src 'none'" "$pages/a.html"
}

@test "several runs: figures, and the keys in which they differ" {
    cd "$pages"
    ln -s "$BATS_FILE_TMPDIR/runs" runs
    run -0 --separate-stderr "$GNET" report runs/a runs/b runs/c runs/d
    [ "$output" = "report.html: written" ]
    [ "$(page_data report.html '[run["status"] for run in data["runs"]]')" = \
        "['done', 'done', 'stopped', 'diverged']" ]
    [ "$(page_data report.html '[run["values"][data["keys"].index("train.lr")] for run in data["runs"]]')" = \
        "['0.001', '0.01', '0.001', '1.0e+30']" ]
    [ "$(page_data report.html 'data["runs"][3]["test_acc"], data["detail"]')" = "(None, None)" ]
}

@test "runs that are unfinished, or of which files are gone, have a page that says so" {
    run -0 --separate-stderr "$GNET" report runs/c -o "$pages/c.html"
    [[ $(page_data "$pages/c.html" 'data["detail"]["missing"][0]') == *"no epoch is finished"* ]]
    run -0 --separate-stderr "$GNET" report runs/d -o "$pages/d.html"
    [ "$(page_data "$pages/d.html" 'data["runs"][0]["status"]')" = diverged ]
    copy_data "$pages/data"
    "$GNET" run -q tiny.yaml --out "$pages" --name e data.path="$pages/data" train.epochs=1 > /dev/null 3>&-
    rm -r "$pages/data"
    run -0 --separate-stderr "$GNET" report "$pages/e"
    [[ $(page_data "$pages/e/report.html" 'data["detail"]["missing"]') == *"scores on the test images"*"$pages/data"* ]]
    [ "$(page_data "$pages/e/report.html" 'len(data["detail"]["filters"]["pictures"])')" = 8 ]
    echo '{' > "$pages/e/result.json"
    echo 'nonsense' >> "$pages/e/history.csv"
    rm -r "$pages/e/checkpoints" "$pages/e/env.json"
    run -0 --separate-stderr "$GNET" report "$pages/e"
    [ "$(page_data "$pages/e/report.html" 'data["runs"][0]["status"]')" = unreadable ]
    [ "$(page_data "$pages/e/report.html" '[m["what"] for m in data["detail"]["missing"]]')" = \
        "['scores on the test images', 'first filters', 'the environment']" ]
}

@test "wrong calls, and places that cannot be written" {
    run -2 --separate-stderr "$GNET" report
    run -1 --separate-stderr "$GNET" report runs/none
    [[ $stderr == *"runs/none/config.yaml"* ]]
    [ -z "$output" ]
    run -1 --separate-stderr "$GNET" report runs/a runs/none -o "$pages/some.html"
    [[ $(page_data "$pages/some.html" 'data["left_out"][0]') == *"runs/none"* ]]
    run -1 --separate-stderr "$GNET" report --no-scores runs/a -o "$pages/none/page.html"
    [[ $stderr == *"$pages/none/page.html"* ]]
    run -1 --separate-stderr "$GNET" report --no-scores runs/a -o /dev/null
    run -2 --separate-stderr "$GNET" report runs/a -o
}

@test "in a browser: a run" {
    need_browser
    "$GNET" report -q runs/a -o "$pages/a.html"
    plot='[data-chart=epoch-loss] .plot'
    run -0 --separate-stderr browser "$pages/a.html" \
        'eval:[document.title, document.querySelectorAll(".chart canvas").length > 10]' \
        'eval:[...document.querySelectorAll("section")].map(s => s.id).join(" ")' \
        'eval:[...document.images].every(i => i.complete && i.naturalWidth > 0) && document.images.length' \
        "hover:0.95,0.5:$plot" \
        'eval:document.querySelector("[data-chart=epoch-loss]").innerText' \
        "drag:[data-chart=step-loss] .plot" \
        'eval:gnetReport.charts.find(c => c.spec.id == "step-loss").graph.xAxisRange()' \
        "click:[data-chart=step-loss] .reset:not([aria-pressed])" \
        'eval:gnetReport.charts.find(c => c.spec.id == "step-loss").graph.xAxisRange()' \
        "click:#class-table th:nth-child(3) button" \
        'eval:[...document.querySelectorAll("#class-table td:nth-child(3)")].map(c => Number(c.innerText))' \
        'eval:document.querySelector("#confusion-table tbody").innerText' \
        click:'[data-chart=epoch-loss] .reset[aria-pressed]' \
        'eval:gnetReport.charts.find(c => c.spec.id == "epoch-loss").graph.getOptionForAxis("logscale", "y")' \
        size:400x800 'eval:document.documentElement.scrollWidth' \
        scheme:dark 'eval:getComputedStyle(document.body).backgroundColor'
    [ "$stderr" = "" ]
    [ "${lines[0]}" = '["a – gnet", true]' ]
    [ "${lines[1]}" = '"results curves confusion classes mistakes filters network epochs setup"' ]
    [ "${lines[2]}" -ge 38 ]
    # The second epoch's losses stand beside their names.
    losses=$(page_data "$pages/a.html" '"train%.4fvalidation%.4f" % tuple(data["runs"][0]["curves"]["epochs"][k][1] for k in ("train_loss", "val_loss"))')
    [[ "$(tr -d ' ' <<< "${lines[3]//\\n/}")" == *"$losses"*epoch2* ]]
    python3 - "${lines[4]}" "${lines[5]}" << 'END'
import json, sys
(low, high), (whole_low, whole_high) = map(json.loads, sys.argv[1:])
assert whole_low < 5 < 50 < whole_high, (whole_low, whole_high)
assert whole_low + 10 < low < high < whole_high - 10, (low, high)
END
    [ "$(json 'rows[0] == sorted(rows[0]) and len(rows[0])' <<< "${lines[6]}")" = 10 ]
    [[ "${lines[7]}" == *"T-shirt/top"*"Ankle boot"* ]]
    [ "${lines[8]}" = true ]
    [ "${lines[9]}" -le 400 ]
    [ "${lines[10]}" = '"rgb(20, 23, 27)"' ]
}

@test "in a browser: several runs" {
    need_browser
    "$GNET" report -q runs/a runs/b runs/c runs/d -o "$pages/all.html"
    runs='eval:[...document.querySelectorAll("#run-table tbody th")].map(c => c.innerText).join(" ")'
    run -0 --separate-stderr browser "$pages/all.html" "$runs" \
        'eval:document.querySelectorAll("#run-table thead button").forEach(b => { if (b.innerText == "lr") b.id = "by-lr"; if (b.innerText == "val acc") b.id = "by-acc" })' \
        click:#by-lr click:#by-lr "$runs" \
        'eval:document.querySelector("#by-acc").focus()' key:Enter "$runs" \
        'eval:document.querySelector("#run-table th[aria-sort]").innerText' \
        'hover:0.97,0.5:[data-chart=val-acc] .plot' 'eval:document.querySelector("[data-chart=val-acc]").innerText' \
        'eval:gnetReport.charts.find(c => c.spec.id == "swept-train.lr").graph.getOptionForAxis("logscale", "x")' \
        'hover:0.95,0.5:[data-chart="swept-train.lr"] .plot' 'eval:document.querySelector("[data-chart=\"swept-train.lr\"] .at").innerText' \
        size:400x800 'eval:document.documentElement.scrollWidth'
    [ "$stderr" = "" ]
    [ "${lines[0]}" = '"a b c d"' ]
    [ "${lines[2]}" = '"d b a c"' ] # by falling lr
    best=$(page_data "$pages/all.html" '" ".join(sorted("ab", key=lambda n: -data["runs"]["ab".index(n)]["val_acc"]))')
    [ "${lines[4]}" = "\"$best c d\"" ] # the best first, what is not known last
    [ "${lines[5]}" = '"val acc"' ]
    [[ "${lines[6]}" == *"$(page_data "$pages/all.html" '"%.2f%%" % (100 * data["runs"][1]["curves"]["epochs"]["val_acc"][1])')"* ]]
    [ "${lines[7]}" = true ]
    [[ "${lines[8]}" == '"b: lr 0.01, val acc '*'%"' ]]
    [ "${lines[9]}" -le 400 ]
}

@test "in a browser: what runs lack, and names with anything in them" {
    need_browser
    name=$'<b id=evil>"q" & \'s\'<b><script>\xff'
    cp -r runs/c "$pages/$name"
    "$GNET" report -q "$pages/$name" -o "$pages/odd.html"
    "$GNET" report -q "$pages/$name" runs/a runs/d -o "$pages/odd-all.html"
    "$GNET" report -q runs/d -o "$pages/d.html"
    run -0 --separate-stderr browser "$pages/odd.html" \
        'eval:[document.querySelector("#evil"), document.querySelector("h1").innerText, document.querySelector(".notice").innerText.includes("no epoch is finished")]'
    [ "$stderr" = "" ]
    [ "$output" = '[null, "<b id=evil>\"q\" & '"'s'"'<b><script>� stopped", true]' ]
    run -0 --separate-stderr browser "$pages/odd-all.html" \
        'eval:[document.querySelector("#evil"), document.querySelector("#run-table").innerText.includes("<b id=evil>")]'
    [ "$stderr$output" = '[null, true]' ]
    run -0 --separate-stderr browser "$pages/d.html" 'eval:document.querySelector("h1").innerText'
    [ "$stderr$output" = '"d diverged"' ]
}
