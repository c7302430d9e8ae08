import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** One hour at the weather station, as its gateway sends it. */
export interface Reading {
  readonly station: string;
  /** ISO 8601, local time of the station. */
  readonly time: string;
  /** Degrees Celsius, one decimal: what the circuit reads. */
  readonly value: number;
  /** Hectopascal. */
  readonly pressure: number;
  /** Metres a second. */
  readonly wind: number;
}

/**
 * The first `count` hourly normals of the Seattle station in the npm package `vega-datasets`.
 * @throws when the data set is missing, changed its columns, or has too few rows
 */
export async function weatherReadings(count: number): Promise<Reading[]> {
  const file = join(
    import.meta.dirname,
    "../../node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv",
  );
  const [header = "", ...rows] = (await readFile(file, "utf8")).trim().split(/\r?\n/);
  const columns = header.split(",");
  const column = (name: string) => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`the data set has no column ${name}, only ${header}`);
    return index;
  };
  const [date, temperature, pressure, wind] = ["date", "temperature", "pressure", "wind"]
    .map(column) as [number, number, number, number];
  if (rows.length < count) throw new Error(`the data set has ${rows.length} rows, not ${count}`);
  return rows.slice(0, count).map((row) => {
    const cells = row.split(",");
    const number = (index: number) => {
      const value = Number(cells[index]);
      if (cells[index] === undefined || !Number.isFinite(value)) {
        throw new Error(`not a number: ${row}`);
      }
      return value;
    };
    return {
      station: "seattle",
      time: cells[date] ?? "",
      value: number(temperature),
      pressure: number(pressure),
      wind: number(wind),
    };
  });
}
