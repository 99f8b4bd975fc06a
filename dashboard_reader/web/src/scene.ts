// The 3-D scatter. The bytes of a PointStore are two vertex buffers to three.js, one seen as floats
// and one as ints, over the same memory; only the slots that changed are handed to the GPU. A frame
// is drawn when something changed, else not.
import {
  BufferGeometry,
  Color,
  DynamicDrawUsage,
  GLSL3,
  InterleavedBuffer,
  InterleavedBufferAttribute,
  LinearSRGBColorSpace,
  PerspectiveCamera,
  Points,
  RawShaderMaterial,
  Scene,
  Sphere,
  Spherical,
  Vector3,
  WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { Box } from './frame';
import { kColours } from './palette';
import { kFragmentShader, kVertexShader } from './point_shader';
import { kFlagsWord, kPhaseWord, kWordsPerPoint, type PointStore } from './point_store';
import type { View } from './view';

export const kBackground = '#0b0f17';
const kFieldOfViewDegrees = 45;
const kFirstDirection = new Vector3(0.55, 0.4, 1).normalize();
// As in style.css: the HUD stands at the left of all but narrow screens.
const kNarrowWidth = 640;
const kHudWidth = 314;
const kTurnStep = 0.09; // Radians a key press turns the camera by.
const kZoomStep = 1.15;

interface Cloud {
  buffer: ArrayBufferLike;
  floats: InterleavedBuffer;
  ints: InterleavedBuffer;
  readonly points: Points<BufferGeometry, RawShaderMaterial>;
}

export class ScatterScene {
  private readonly renderer_: WebGLRenderer;
  private readonly scene_ = new Scene();
  private readonly camera_ = new PerspectiveCamera(kFieldOfViewDegrees, 1, 0.01, 1000);
  private readonly controls_: OrbitControls;
  private readonly material_: RawShaderMaterial;
  private readonly clouds_ = new Map<PointStore, Cloud>();
  private room_aspect_ = 1;
  private box_: Box | null = null;
  private moved_by_viewer_ = false;

  /**
   * Throws if the browser has no WebGL 2. `changed` asks for a frame; `lost` says whether the
   * browser has taken the means to draw away (a driver's reset, a wake-up) or given them back.
   */
  constructor(
    private readonly canvas_: HTMLCanvasElement,
    private readonly changed_: () => void,
    lost: (is_lost: boolean) => void,
  ) {
    this.renderer_ = new WebGLRenderer({
      canvas: canvas_,
      antialias: true,
      powerPreference: 'high-performance',
    });
    this.scene_.background = new Color(kBackground);
    this.material_ = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: kVertexShader,
      fragmentShader: kFragmentShader,
      alphaToCoverage: true,
      uniforms: {
        palette: { value: kColours.map(shader_colour) },
        background: { value: shader_colour(kBackground) },
        colour_by: { value: 0 },
        split: { value: 0 },
        hidden: { value: 0 },
        size: { value: 1 },
        distance_to_middle: { value: 1 },
        radius: { value: 1 },
      },
    });
    this.controls_ = new OrbitControls(this.camera_, canvas_);
    this.controls_.enableDamping = true;
    this.controls_.dampingFactor = 0.12;
    this.controls_.addEventListener('change', changed_);
    this.controls_.addEventListener('start', () => (this.moved_by_viewer_ = true));
    canvas_.addEventListener('keydown', (event) => this.key(event));
    canvas_.addEventListener('webglcontextlost', () => lost(true));
    canvas_.addEventListener('webglcontextrestored', () => {
      for (const store of [...this.clouds_.keys()]) this.remove(store);
      lost(false);
      changed_();
    });
    new ResizeObserver(changed_).observe(canvas_);
    this.place_camera({ min: [-1, -1, -1], max: [1, 1, 1] });
  }

  /** Follows the box of the points until the viewer takes the camera. */
  frame(box: Box): void {
    const grown = JSON.stringify(box) !== JSON.stringify(this.box_);
    this.box_ = box;
    if (grown && !this.moved_by_viewer_) this.place_camera(box);
  }

  reset_camera(): void {
    this.moved_by_viewer_ = false;
    // What is left of a swing would carry the camera on from its place.
    this.controls_.enableDamping = false;
    this.controls_.update();
    this.controls_.enableDamping = true;
    if (this.box_ !== null) this.place_camera(this.box_);
  }

  /** Draws a frame. */
  draw(stores: readonly PointStore[], view: View): void {
    this.fit_canvas();
    const shown = new Set(stores);
    for (const store of [...this.clouds_.keys()]) if (!shown.has(store)) this.remove(store);
    for (const store of stores) this.update(store);
    const uniforms = this.material_.uniforms;
    uniforms['colour_by']!.value = view.colour_by === 'phase' ? 0 : 1;
    uniforms['split']!.value = { both: 0, train: 1, test: 2 }[view.split];
    uniforms['hidden']!.value = view.hidden >>> 0;
    uniforms['size']!.value = view.point_size * this.renderer_.getPixelRatio();
    this.controls_.update();
    const away = this.camera_.position.distanceTo(this.controls_.target);
    uniforms['distance_to_middle']!.value = away;
    this.camera_.near = away / 1000;
    this.camera_.far = away * 20 + this.radius() * 4;
    this.camera_.updateProjectionMatrix();
    uniforms['radius']!.value = this.radius();
    this.renderer_.render(this.scene_, this.camera_);
  }

  private update(store: PointStore): void {
    if (store.capacity === 0) return;
    const dirty = store.drain_dirty();
    let cloud = this.clouds_.get(store);
    if (cloud !== undefined && cloud.buffer !== store.bytes.buffer) {
      this.remove(store);
      cloud = undefined;
    }
    if (cloud === undefined) {
      this.add(store);
      return;
    }
    cloud.points.geometry.setDrawRange(0, store.extent);
    if (dirty.length === 0) return;
    for (const buffer of [cloud.floats, cloud.ints]) {
      for (const { start, end } of dirty) {
        buffer.addUpdateRange(start * kWordsPerPoint, (end - start) * kWordsPerPoint);
      }
      buffer.needsUpdate = true;
    }
  }

  private add(store: PointStore): void {
    const floats = new InterleavedBuffer(store.floats, kWordsPerPoint).setUsage(DynamicDrawUsage);
    const ints = new InterleavedBuffer(store.ints, kWordsPerPoint).setUsage(DynamicDrawUsage);
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new InterleavedBufferAttribute(floats, 3, 0));
    geometry.setAttribute('labels', new InterleavedBufferAttribute(ints, 3, kPhaseWord));
    geometry.setAttribute('flags', new InterleavedBufferAttribute(ints, 1, kFlagsWord));
    geometry.setDrawRange(0, store.extent);
    // Given, so that three.js does not read all points for one (empty slots are not numbers).
    geometry.boundingSphere = new Sphere(new Vector3(), Infinity);
    const points = new Points(geometry, this.material_);
    points.frustumCulled = false;
    this.scene_.add(points);
    this.clouds_.set(store, { buffer: store.bytes.buffer, floats, ints, points });
  }

  private remove(store: PointStore): void {
    const cloud = this.clouds_.get(store);
    if (cloud === undefined) return;
    this.scene_.remove(cloud.points);
    cloud.points.geometry.dispose();
    this.clouds_.delete(store);
  }

  private fit_canvas(): void {
    const width = Math.max(1, this.canvas_.clientWidth);
    const height = Math.max(1, this.canvas_.clientHeight);
    const ratio = Math.min(window.devicePixelRatio, 2);
    const wanted_width = Math.floor(width * ratio);
    const wanted_height = Math.floor(height * ratio);
    if (this.canvas_.width === wanted_width && this.canvas_.height === wanted_height) return;
    this.renderer_.setPixelRatio(ratio);
    this.renderer_.setSize(width, height, false);
    this.camera_.aspect = width / height;
    // Beside the HUD there is less room than the canvas has; the middle of the scatter moves there.
    const covered = width > kNarrowWidth ? Math.min(kHudWidth, width / 2) : 0;
    this.room_aspect_ = (width - covered) / height;
    this.camera_.setViewOffset(width, height, -covered / 2, 0, width, height);
    if (!this.moved_by_viewer_ && this.box_ !== null) this.place_camera(this.box_);
  }

  private radius(): number {
    const box = this.box_;
    if (box === null) return 1;
    return Math.max(1e-6, Math.hypot(...box.max.map((high, i) => high - box.min[i]!)) / 2);
  }

  private place_camera(box: Box): void {
    this.controls_.target.set(...box.min).add(new Vector3(...box.max)).divideScalar(2);
    // The narrower of the two fields of view has to hold the ball around the box; most clouds
    // leave its corners empty, hence a little closer.
    const vertical = (kFieldOfViewDegrees * Math.PI) / 360;
    const half = Math.min(vertical, Math.atan(Math.tan(vertical) * this.room_aspect_));
    const away = (this.radius() / Math.sin(half)) * 0.8;
    this.camera_.position.copy(this.controls_.target).addScaledVector(kFirstDirection, away);
    this.changed_();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = this.controls_;
    const offset = this.camera_.position.clone().sub(target);
    const turn = new Spherical().setFromVector3(offset);
    if (event.key === 'ArrowLeft') turn.theta -= kTurnStep;
    else if (event.key === 'ArrowRight') turn.theta += kTurnStep;
    else if (event.key === 'ArrowUp') turn.phi -= kTurnStep;
    else if (event.key === 'ArrowDown') turn.phi += kTurnStep;
    else if (event.key === '+' || event.key === '=') turn.radius /= kZoomStep;
    else if (event.key === '-') turn.radius *= kZoomStep;
    else if (event.key === 'Home') {
      event.preventDefault();
      this.reset_camera();
      return;
    } else return;
    event.preventDefault();
    this.moved_by_viewer_ = true;
    turn.makeSafe();
    this.camera_.position.copy(target).add(new Vector3().setFromSpherical(turn));
    this.changed_();
  }
}

/** The three numbers as they stand there: the shader mixes them so, and not as light. */
function shader_colour(hex: string): Color {
  return new Color().setStyle(hex, LinearSRGBColorSpace);
}
