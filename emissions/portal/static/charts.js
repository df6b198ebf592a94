"use strict";
/* Lets a chart be zoomed and read with a pointer. Without it the drawing and the table say the same. */
(function () {
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function options(data, width) {
    var text = colour("--ink"), rule = colour("--rule");
    var axis = { stroke: text, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 } };
    // Kazakh writes numbers as Russian does; browsers that lack it would write them as English.
    var lang = document.documentElement.lang, words = data.words;
    var form = new Intl.NumberFormat(lang === "kk" ? "ru" : lang, { maximumSignificantDigits: 6 });
    function written(value) { return value === null || value === undefined ? "–" : form.format(value); }
    function numbers(_, value) { return written(value); }
    var series = [
      { label: words[0], value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
      { label: words[1], value: numbers, stroke: colour("--link"), width: 2, paths: uPlot.paths.stepped({ align: 1 }) },
      { label: words[2], value: numbers, stroke: colour("--shade"), width: 2, dash: [4, 4], paths: uPlot.paths.stepped({ align: 1 }) }
    ];
    if (data.l) {
      series.push({ label: words[3], value: numbers, stroke: colour("--limit"), width: 1.5, points: { show: false } });
      if (data.factor > 1) {
        series.push({ label: words[4], value: numbers, stroke: colour("--limit"), width: 1.5, dash: [7, 4], points: { show: false } });
      }
    }
    var day = uPlot.fmtDate("{YYYY}-{MM}-{DD}"), hour = uPlot.fmtDate("{HH}:{mm}");
    function local(at) { return uPlot.tzDate(new Date((at + data.offset) * 1000), "Etc/UTC"); }
    var times = Object.assign({
      values: function (chart, splits) {
        var long = chart.scales.x.max - chart.scales.x.min > 2 * 86400;
        return splits.map(function (at) { return (long ? day : hour)(local(at)); });
      },
      space: 80
    }, axis);
    function shade(chart) {
      var drawn = chart.ctx, box = chart.bbox;
      drawn.save();
      drawn.strokeStyle = colour("--shade");
      data.spans.forEach(function (span) {
        var left = Math.max(chart.valToPos(span[1], "x", true), box.left);
        var right = Math.min(chart.valToPos(span[2], "x", true), box.left + box.width);
        if (right <= left) { return; }
        drawn.save();
        drawn.beginPath();
        drawn.rect(left, box.top, right - left, box.height);
        drawn.clip();
        drawn.beginPath();
        for (var x = left - box.height; x < right; x += 10) {
          drawn.moveTo(x, box.top + box.height);
          drawn.lineTo(x + box.height, box.top);
          if (span[0] !== "gap") { drawn.moveTo(x, box.top); drawn.lineTo(x + box.height, box.top + box.height); }
        }
        drawn.stroke();
        drawn.restore();
      });
      drawn.restore();
    }
    return {
      hooks: { drawClear: [shade] },
      width: width, height: 260, series: series, axes: [times, Object.assign({ size: 56, values: function (_, splits) { return splits.map(written); } }, axis)],
      scales: { x: { range: function (_, low, high) { return low === high ? [low - 1, high + 1] : [low, high]; } }, y: { range: function (_, low, high) { return [Math.min(0, low), (high || 1) * 1.05]; } } },
      tzDate: local
    };
  }
  function columns(data) {
    var times = data.t.map(function (at) { return at + data.since; });
    var found = [times, data.v, data.u];
    if (data.l) {
      found.push(data.l);
      if (data.factor > 1) {
        found.push(data.l.map(function (limit) { return limit === null ? null : limit * data.factor; }));
      }
    }
    return found;
  }
  function enhance(block) {
    var figure = block.parentElement, plot = figure.querySelector(".plot");
    var data = JSON.parse(block.textContent);
    if (data.t.length < 2 || plot.clientWidth === 0) { return; }
    var place = document.createElement("div");
    place.className = "live";
    place.setAttribute("aria-hidden", "true");
    plot.appendChild(place);
    plot.classList.add("enhanced");
    var chart = new uPlot(options(data, plot.clientWidth), columns(data), place);
    new ResizeObserver(function () {
      if (plot.clientWidth > 0) { chart.setSize({ width: plot.clientWidth, height: 260 }); }
    }).observe(plot);
  }
  function all(root) {
    root.querySelectorAll("script.chart-data").forEach(function (block) {
      if (!block.dataset.done && block.parentElement.querySelector(".plot").clientWidth > 0) {
        block.dataset.done = "1";
        enhance(block);
      }
    });
  }
  if (!window.uPlot || !window.ResizeObserver) { return; }
  all(document);
  document.querySelectorAll("details.helping").forEach(function (each) {
    each.addEventListener("toggle", function () { all(each); });
  });
})();
