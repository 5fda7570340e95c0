/** Growth curves as SVG, drawn by Apache ECharts without a browser. */
import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { amount } from './figure.js';
import type { Spread } from './statistics.js';

export interface Picture {
  /** Name of its file, without a folder. */
  readonly file: string;
  /** In words, for who does not see it. */
  readonly title: string;
  readonly svg: string;
}

export interface Line {
  readonly name: string;
  /** Lines of one colour belong together; places in the palette. */
  readonly colour: number;
  readonly isDashed?: boolean;
  /** One for each value of x; undefined where there was nothing to measure. */
  readonly spreads: readonly (Spread | undefined)[];
}

export interface Curves {
  readonly file: string;
  readonly title: string;
  readonly x: { readonly name: string; readonly values: readonly number[] };
  /** Side by side, over the same x. Names of lines occur once in all of them. */
  readonly panels: readonly { readonly y: string; readonly lines: readonly Line[] }[];
}

echarts.use([CustomChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

// Okabe and Ito's: told apart also by who sees few colours.
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#000000'];
const panelWidth = 520;
const height = 500;
const margin = { left: 80, right: 24, top: 76, bottom: 150 };
const capPixels = 4;
const ink = '#222222';
const font = 'sans-serif';

/** Both axes logarithmic; the median as a line, the least and the greatest as a bar at each point. */
export function curves({ file, title, x, panels }: Curves): Picture {
  const width = panelWidth * panels.length;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: font, color: ink },
      title: {
        text: title,
        left: 'center',
        top: 8,
        textStyle: { fontSize: 16, color: ink, fontFamily: font },
      },
      grid: panels.map((_, i) => ({
        left: i * panelWidth + margin.left,
        width: panelWidth - margin.left - margin.right,
        top: margin.top,
        bottom: margin.bottom,
      })),
      xAxis: panels.map((_, i) => ({
        ...axis(x.name, Math.min(...x.values), Math.max(...x.values)),
        nameGap: 30,
        gridIndex: i,
      })),
      yAxis: panels.map(({ y, lines }, i) => ({
        ...axis(y, ...powersAround(lines.flatMap(boundsOf))),
        nameGap: 52,
        gridIndex: i,
      })),
      legend: panels.map(({ lines }, i) => ({
        data: lines.map(({ name }) => name),
        left: i * panelWidth + margin.left,
        width: panelWidth - margin.left - margin.right,
        bottom: 8,
        itemWidth: 34,
        itemGap: 14,
        textStyle: { color: ink, fontFamily: font },
      })),
      series: panels.flatMap(({ lines }, i) => lines.flatMap((line) => seriesOf(line, x.values, i))),
    });
    return { file, title, svg: `${sameEachTime(chart.renderToSVGString(), file)}\n` };
  } finally {
    chart.dispose();
  }
}

function axis(name: string, min: number, max: number) {
  return {
    type: 'log',
    name,
    nameLocation: 'middle',
    nameTextStyle: { fontSize: 13, color: ink },
    min,
    max,
    axisLabel: { color: ink, formatter: (value: number) => amount(value) },
    axisLine: { show: true, onZero: false, lineStyle: { color: ink } },
    splitLine: { show: true, lineStyle: { color: '#dddddd' } },
    minorSplitLine: { show: true, lineStyle: { color: '#f2f2f2' } },
    minorTick: { show: true, splitNumber: 9 },
  };
}

/** Whole powers of ten, so that there are at least two labels. */
function powersAround(values: readonly number[]): [min: number, max: number] {
  return [
    10 ** Math.floor(Math.log10(Math.min(...values))),
    10 ** Math.ceil(Math.log10(Math.max(...values))),
  ];
}

function boundsOf({ spreads }: Line): number[] {
  return spreads.flatMap((spread) => (spread ? [spread.low, spread.high] : []));
}

function seriesOf({ name, colour, isDashed = false, spreads }: Line, xs: readonly number[], panel: number) {
  const place = { xAxisIndex: panel, yAxisIndex: panel, silent: true };
  const color = palette[colour % palette.length]!;
  const points = spreads.flatMap((spread, i) => (spread ? [{ x: xs[i]!, ...spread }] : []));
  return [
    {
      ...place,
      name,
      type: 'line',
      data: points.map(({ x, median }) => [x, median]),
      symbol: 'circle',
      symbolSize: 6,
      itemStyle: { color },
      lineStyle: { color, width: 2, type: isDashed ? 'dashed' : 'solid' },
    },
    {
      ...place,
      type: 'custom',
      data: points.map(({ x, low, high }) => [x, low, high]),
      renderItem: (_: unknown, api: ErrorBarPlaces) => errorBar(api, color),
    },
  ];
}

/** What ECharts offers to who draws a point. */
interface ErrorBarPlaces {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

function errorBar(api: ErrorBarPlaces, stroke: string) {
  const [x, bottom] = api.coord([api.value(0), api.value(1)]);
  const [, top] = api.coord([api.value(0), api.value(2)]);
  const line = (x1: number, y1: number, x2: number, y2: number) => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke, lineWidth: 1.2 },
  });
  return {
    type: 'group',
    children: [
      line(x, bottom, x, top),
      line(x - capPixels, bottom, x + capPixels, bottom),
      line(x - capPixels, top, x + capPixels, top),
    ],
  };
}

/** ECharts numbers its drawings through the process: named after the file, they do not depend on what was drawn before. */
function sameEachTime(svg: string, file: string): string {
  const prefix = file.replace(/\.svg$/, '');
  const numbers = new Map<string, number>();
  return svg.replaceAll(/\bzr\d+-(cls|c|g|p|i)-?(\d+)\b/g, (_, kind: string, id: string) => {
    const known = `${kind}${id}`;
    if (!numbers.has(known)) numbers.set(known, numbers.size);
    return `${prefix}-${kind}${numbers.get(known)!}`;
  });
}
