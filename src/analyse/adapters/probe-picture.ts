/**
 * The known picture of the health probe: a street, two people and a car, drawn in whole numbers, so that it is the same on
 * every machine. What a model must find on it stands in the manifest; a change here needs another name there.
 */
export interface ProbePicture {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

type Colour = readonly [red: number, green: number, blue: number];

interface Pen {
  rect(x: number, y: number, widthPx: number, heightPx: number, colour: Colour): void;
  oval(x: number, y: number, radiusX: number, radiusY: number, colour: Colour): void;
}

export function drawProbePicture(): ProbePicture {
  const widthPx = 640;
  const heightPx = 360;
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  const pen = createPen(rgb, widthPx, heightPx);
  pen.rect(0, 0, 640, 150, [168, 190, 214]);
  pen.rect(0, 110, 640, 70, [122, 128, 112]);
  pen.rect(0, 170, 640, 190, [112, 110, 108]);
  pen.rect(60, 40, 180, 135, [172, 150, 128]);
  pen.rect(90, 70, 30, 40, [60, 70, 84]);
  pen.rect(150, 70, 30, 40, [60, 70, 84]);
  pen.rect(190, 110, 34, 65, [92, 62, 44]);
  drawPerson(pen, 140, 330, 230, [52, 74, 128], [44, 46, 56]);
  drawPerson(pen, 300, 300, 170, [150, 44, 40], [58, 62, 80]);
  drawCar(pen, 380, 320, 240, [196, 198, 200]);
  return { rgb, widthPx, heightPx };
}

function createPen(rgb: Uint8Array, widthPx: number, heightPx: number): Pen {
  const put = (x: number, y: number, colour: Colour, shade: number): void => {
    if (x < 0 || y < 0 || x >= widthPx || y >= heightPx) return;
    // A grain: a flat area is nothing that a camera would show.
    const light = shade + ((Math.imul(x, 73) ^ Math.imul(y, 151) ^ Math.imul(x + y, 31)) & 15) - 8;
    const i = (y * widthPx + x) * 3;
    for (let c = 0; c < 3; c++) rgb[i + c] = Math.max(0, Math.min(255, (colour[c] as number) + light));
  };
  return {
    rect(x0, y0, w, h, colour) {
      for (let y = y0; y < y0 + h; y++) for (let x = x0; x < x0 + w; x++) put(x, y, colour, 0);
    },
    oval(cx, cy, rx, ry, colour) {
      for (let y = cy - ry; y <= cy + ry; y++) {
        for (let x = cx - rx; x <= cx + rx; x++) {
          if ((x - cx) ** 2 * ry * ry + (y - cy) ** 2 * rx * rx <= rx * rx * ry * ry) put(x, y, colour, -Math.trunc(((x - cx) * 30) / rx));
        }
      }
    },
  };
}

function drawPerson(pen: Pen, x: number, footPx: number, tallPx: number, coat: Colour, trousers: Colour): void {
  const u = (hundredths: number): number => Math.trunc((hundredths * tallPx) / 100);
  pen.oval(x, footPx, u(22), u(3), [70, 70, 70]);
  for (let y = u(50); y > 0; y--) {
    const spread = Math.trunc(((u(50) - y) * u(6)) / u(50));
    pen.rect(x - u(9) - spread + u(1), footPx - y, u(8), 1, trousers);
    pen.rect(x + u(1) + spread, footPx - y, u(8), 1, trousers);
  }
  pen.rect(x - u(13), footPx - u(3), u(11), u(3), [30, 28, 28]);
  pen.rect(x + u(6), footPx - u(3), u(11), u(3), [30, 28, 28]);
  pen.oval(x, footPx - u(66), u(13), u(20), coat);
  pen.rect(x - u(11), footPx - u(62), u(22), u(16), coat);
  for (let i = 0; i < u(36); i++) {
    const out = Math.trunc((i * u(4)) / u(36));
    pen.rect(x - u(15) - out, footPx - u(82) + i, u(6), 1, coat);
    pen.rect(x + u(9) + out, footPx - u(82) + i, u(6), 1, coat);
  }
  const skin: Colour = [196, 150, 122];
  pen.oval(x - u(17), footPx - u(45), u(3), u(3), skin);
  pen.oval(x + u(17), footPx - u(45), u(3), u(3), skin);
  pen.rect(x - u(3), footPx - u(88), u(6), u(6), [190, 146, 118]);
  pen.oval(x, footPx - u(93), u(6), u(8), [200, 156, 128]);
  pen.oval(x, footPx - u(97), u(6), u(5), [48, 36, 30]);
}

function drawCar(pen: Pen, x: number, groundPx: number, longPx: number, colour: Colour): void {
  const u = (hundredths: number): number => Math.trunc((hundredths * longPx) / 100);
  const glass: Colour = [38, 50, 62];
  pen.oval(x + u(50), groundPx, u(50), u(4), [64, 64, 64]);
  for (let i = 0; i < u(17); i++) {
    pen.rect(x + u(28) - Math.trunc((i * u(10)) / u(17)), groundPx - u(36) + i, u(46) + Math.trunc((i * u(16)) / u(17)), 1, colour);
  }
  for (let i = 0; i < u(12); i++) {
    const slope = Math.trunc((i * u(7)) / u(12));
    pen.rect(x + u(30) - slope, groundPx - u(34) + i, u(18) + slope, 1, glass);
    pen.rect(x + u(51), groundPx - u(34) + i, u(17) + Math.trunc((i * u(9)) / u(12)), 1, glass);
  }
  pen.rect(x + u(2), groundPx - u(20), u(96), u(13), colour);
  pen.oval(x + u(6), groundPx - u(14), u(6), u(7), colour);
  pen.oval(x + u(94), groundPx - u(14), u(6), u(7), colour);
  pen.rect(x + u(93), groundPx - u(18), u(6), u(3), [240, 232, 190]);
  pen.rect(x, groundPx - u(18), u(5), u(3), [180, 30, 30]);
  pen.rect(x + u(4), groundPx - u(8), u(92), u(3), [50, 50, 50]);
  for (const at of [21, 78]) {
    pen.oval(x + u(at), groundPx - u(7), u(9), u(9), [26, 26, 28]);
    pen.oval(x + u(at), groundPx - u(7), u(5), u(5), [150, 150, 152]);
  }
}
