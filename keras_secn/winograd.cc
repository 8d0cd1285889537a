// 3x3 "same" convolution of NHWC float32 feature maps by Winograd's F(4x4, 3x3), and the gradient
// of its kernel. Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2015, section 4.1: a tile of 4x4 outputs takes 36 products per pair of channels in place of 144.
//
// Blocks of tiles are transformed, multiplied and transformed back while they are in the cache; the
// whole feature map is never there in transformed form. Vectors run over the channels.

#include <algorithm>
#include <cstring>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

namespace {

// GCC and Clang make the best of it on any processor: one AVX register, two of SSE or NEON
typedef float Vector __attribute__((vector_size(32), aligned(4)));
constexpr int kVector = 8;
constexpr int kChannels = 16;      // of inputs and outputs: multiples of this
constexpr int kMaxChannels = 1024;
constexpr int kPoints = 36;        // values of a transformed tile
constexpr int kTiles = 24;         // per block: its transforms stay in the second-level cache
constexpr int64_t kBlockCycles = 1000000;  // about so many; only says that blocks are worth threads

inline Vector& At(float* p) { return *reinterpret_cast<Vector*>(p); }
inline const Vector& At(const float* p) { return *reinterpret_cast<const Vector*>(p); }

struct Tiling {
  int64_t height, width, down, across, count;
  explicit Tiling(const tensorflow::Tensor& x)
      : height(x.dim_size(1)), width(x.dim_size(2)), down((height + 3) / 4),
        across((width + 3) / 4), count(x.dim_size(0) * down * across) {}
};

// The transforms of one dimension: six values of an input, four of an output's gradient, and six
// products to four outputs. `step` is between the values written.
inline void Input(const Vector* d, Vector* out, int step) {  // B^T d
  const Vector even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const Vector difference = d[4] - d[2], twice = 2.0f * (d[3] - d[1]);
  out[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
  out[step] = even + odd;
  out[2 * step] = even - odd;
  out[3 * step] = difference + twice;
  out[4 * step] = difference - twice;
  out[5 * step] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

inline void Gradient(const Vector* y, Vector* out, int step) {  // A y
  const Vector even = y[0] + y[2], odd = y[1] + y[3];
  const Vector even2 = y[0] + 4.0f * y[2], odd2 = 2.0f * y[1] + 8.0f * y[3];
  out[0] = y[0];
  out[step] = even + odd;
  out[2 * step] = even - odd;
  out[3 * step] = even2 + odd2;
  out[4 * step] = even2 - odd2;
  out[5 * step] = y[3];
}

inline void Output(const Vector* m, Vector* out, int step) {  // A^T m
  const Vector sum = m[1] + m[2], difference = m[1] - m[2];
  const Vector sum2 = m[3] + m[4], difference2 = m[3] - m[4];
  out[0] = m[0] + sum + sum2;
  out[step] = difference + 2.0f * difference2;
  out[2 * step] = sum + 4.0f * sum2;
  out[3 * step] = difference + 8.0f * difference2 + m[5];
}

// The top left pixel of a tile and where its pixels are; those outside the picture are `outside`.
template <int Size, typename Float>
void Pixels(Float* x, const Tiling& t, int64_t channels, int64_t tile, int border, Float* outside,
            Float** pixels) {
  const int64_t picture = tile / (t.down * t.across);
  const int64_t top = tile / t.across % t.down * 4 - border, left = tile % t.across * 4 - border;
  for (int i = 0; i < Size; ++i)
    for (int j = 0; j < Size; ++j) {
      const int64_t y = top + i, c = left + j;
      const bool inside = y >= 0 && c >= 0 && y < t.height && c < t.width;
      pixels[i * Size + j] =
          inside ? x + ((picture * t.height + y) * t.width + c) * channels : outside;
    }
}

// Tiles first, first + 1, ... of x, transformed: out[point * stride + tile * channels + channel].
// Of an input, tiles of 6x6 pixels that overlap; of an output's gradient, its 4x4 pixels.
template <bool IsGradient>
void Transform(const float* x, const Tiling& tiling, int64_t channels, int64_t first, int count,
               float* out, int64_t stride) {
  constexpr int size = IsGradient ? 4 : 6;
  static const float zeros[kMaxChannels] = {};
  for (int tile = 0; tile < count; ++tile, out += channels) {
    const float* pixels[size * size];
    Pixels<size>(x, tiling, channels, first + tile, IsGradient ? 0 : 1, zeros, pixels);
    for (int64_t c = 0; c < channels; c += kVector) {
      Vector columns[kPoints], values[6];
#pragma GCC unroll 6
      for (int j = 0; j < size; ++j) {
#pragma GCC unroll 6
        for (int i = 0; i < size; ++i) values[i] = At(pixels[i * size + j] + c);
        if (IsGradient) Gradient(values, columns + j, 6); else Input(values, columns + j, 6);
      }
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        const Vector* row = columns + i * 6;
        if (IsGradient) Gradient(row, values, 1); else Input(row, values, 1);
#pragma GCC unroll 6
        for (int j = 0; j < 6; ++j) At(out + (i * 6 + j) * stride + c) = values[j];
      }
    }
  }
}

// Products back to pixels of y, with bias (or null) and ReLU.
void TransformBack(const float* products, int64_t stride, const Tiling& tiling, int64_t channels,
                   int64_t first, int count, const float* bias, bool relu, float* y) {
  float outside[kMaxChannels];
  for (int tile = 0; tile < count; ++tile, products += channels) {
    float* pixels[16];
    Pixels<4>(y, tiling, channels, first + tile, 0, outside, pixels);
    for (int64_t c = 0; c < channels; c += kVector) {
      Vector columns[24], values[6];
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) {
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) values[i] = At(products + (i * 6 + j) * stride + c);
        Output(values, columns + j, 6);
      }
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        Output(columns + i * 6, values, 1);
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
          Vector value = values[j];
          if (bias) value += At(bias + c);
          if (relu) value = value > 0.0f ? value : Vector{};
          At(pixels[i * 4 + j] + c) = value;
        }
      }
    }
  }
}

// c[row][16] (+)= sum over k of a[row * row_step + k * step] * b[k][16]: six rows fill
template <int Rows>
inline void MultiplyRows(const float* a, int64_t row_step, int64_t step, const float* b,
                         float* c, int64_t columns, int64_t depth, bool add) {
  Vector sums[Rows][2];
  for (int r = 0; r < Rows; ++r)
    for (int half = 0; half < 2; ++half)
      sums[r][half] = add ? At(c + r * columns + half * kVector) : Vector{};
  for (int64_t k = 0; k < depth; ++k) {
    const Vector left = At(b + k * columns), right = At(b + k * columns + kVector);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const Vector value = a[r * row_step + k * step] - Vector{};
      sums[r][0] += value * left;
      sums[r][1] += value * right;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int half = 0; half < 2; ++half) At(c + r * columns + half * kVector) = sums[r][half];
}

void Multiply(const float* a, int64_t row_step, int64_t step, const float* b, float* c,
              int64_t rows, int64_t columns, int64_t depth, bool add) {
  for (int64_t j = 0; j < columns; j += kChannels) {
    int64_t r = 0;
    for (; r + 6 <= rows; r += 6)
      MultiplyRows<6>(a + r * row_step, row_step, step, b + j, c + r * columns + j, columns,
                      depth, add);
    for (; r + 4 <= rows; r += 4)
      MultiplyRows<4>(a + r * row_step, row_step, step, b + j, c + r * columns + j, columns,
                      depth, add);
    for (; r < rows; ++r)
      MultiplyRows<1>(a + r * row_step, row_step, step, b + j, c + r * columns + j, columns,
                      depth, add);
  }
}

const float G[6][3] = {{1 / 4.f, 0, 0},
                       {-1 / 6.f, -1 / 6.f, -1 / 6.f},
                       {-1 / 6.f, 1 / 6.f, -1 / 6.f},
                       {1 / 24.f, 1 / 12.f, 1 / 6.f},
                       {1 / 24.f, -1 / 12.f, 1 / 6.f},
                       {0, 0, 1}};

// w[3][3][pairs of channels] -> out[36][pairs]: G w G^T
void TransformKernel(const float* w, int64_t pairs, float* out, int64_t from, int64_t to) {
  for (int64_t c = from; c < to; c += kVector) {
    Vector rows[18];
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < 3; ++j) {
        rows[i * 3 + j] = Vector{};
        for (int k = 0; k < 3; ++k) rows[i * 3 + j] += G[i][k] * At(w + (k * 3 + j) * pairs + c);
      }
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < 6; ++j) {
        Vector sum = Vector{};
        for (int k = 0; k < 3; ++k) sum += G[j][k] * rows[i * 3 + k];
        At(out + (i * 6 + j) * pairs + c) = sum;
      }
  }
}

// The sum over `parts` of products[part][36][pairs] -> dw[3][3][pairs]: G^T products G
void TransformKernelBack(const float* products, int64_t parts, int64_t pairs, float* dw,
                         int64_t from, int64_t to) {
  for (int64_t c = from; c < to; c += kVector) {
    Vector rows[18];
    for (int i = 0; i < 6; ++i) {
      for (int j = 0; j < 3; ++j) rows[i * 3 + j] = Vector{};
      for (int k = 0; k < 6; ++k) {
        Vector sum = Vector{};
        for (int64_t part = 0; part < parts; ++part)
          sum += At(products + (part * kPoints + i * 6 + k) * pairs + c);
        for (int j = 0; j < 3; ++j) rows[i * 3 + j] += G[k][j] * sum;
      }
    }
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        Vector sum = Vector{};
        for (int k = 0; k < 6; ++k) sum += G[k][i] * rows[k * 3 + j];
        At(dw + (i * 3 + j) * pairs + c) = sum;
      }
  }
}

// A block's transformed tiles, one after the other by points. The line more keeps the 36 points of
// a tile out of one another's place in the cache.
int64_t Stride(int64_t channels) { return kTiles * channels + 16; }

float* Scratch(int which, int64_t channels) {  // a thread's own, kept from call to call
  static thread_local std::vector<float> kept[2];
  const size_t size = kPoints * Stride(channels) + 16;
  if (kept[which].size() < size) kept[which].resize(size);
  const uintptr_t address = reinterpret_cast<uintptr_t>(kept[which].data());
  return reinterpret_cast<float*>((address + 63) & ~uintptr_t{63});
}

bool IsUsable(int64_t channels) { return channels % kChannels == 0 && channels <= kMaxChannels; }

}  // namespace

using namespace tensorflow;
using shape_inference::InferenceContext;
using shape_inference::ShapeHandle;

REGISTER_OP("SecnWinogradConv")
    .Input("x: float")     // (B, H, W, C)
    .Input("w: float")     // (3, 3, C, K)
    .Input("bias: float")  // (K,), or (0,) for none
    .Attr("relu: bool = false")
    .Output("y: float")  // (B, H, W, K)
    .SetShapeFn([](InferenceContext* c) {
      ShapeHandle x, w, y;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 4, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 4, &w));
      TF_RETURN_IF_ERROR(c->ReplaceDim(x, 3, c->Dim(w, 3), &y));
      c->set_output(0, y);
      return OkStatus();
    });

REGISTER_OP("SecnWinogradKernelGradient")
    .Input("x: float")    // (B, H, W, C)
    .Input("dy: float")   // (B, H, W, K)
    .Output("dw: float")  // (3, 3, C, K)
    .SetShapeFn([](InferenceContext* c) {
      ShapeHandle x, dy;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 4, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 4, &dy));
      c->set_output(0, c->MakeShape({c->MakeDim(3), c->MakeDim(3), c->Dim(x, 3), c->Dim(dy, 3)}));
      return OkStatus();
    });

class SecnWinogradConv : public OpKernel {
 public:
  explicit SecnWinogradConv(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("relu", &relu_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &w = context->input(1), &b = context->input(2);
    OP_REQUIRES(context, x.dims() == 4 && w.dims() == 4, errors::InvalidArgument("4 dimensions"));
    const int64_t C = x.dim_size(3), K = w.dim_size(3), pairs = C * K;
    OP_REQUIRES(context, w.dim_size(0) == 3 && w.dim_size(1) == 3 && w.dim_size(2) == C,
                errors::InvalidArgument("the kernel is (3, 3, channels of x, channels of y)"));
    OP_REQUIRES(context, IsUsable(C) && IsUsable(K),
                errors::InvalidArgument("channels are multiples of 16, at most 1024"));
    OP_REQUIRES(context, b.NumElements() == K || b.NumElements() == 0,
                errors::InvalidArgument("one bias per channel of y, or none"));
    Tensor *y = nullptr, kernel;
    TensorShape shape = x.shape();
    shape.set_dim(3, K);
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &y));
    OP_REQUIRES_OK(context, context->allocate_temp(DT_FLOAT, {kPoints, C, K}, &kernel));
    const float *from = x.flat<float>().data(), *weights = w.flat<float>().data();
    const float* bias = b.NumElements() ? b.flat<float>().data() : nullptr;
    float *to = y->flat<float>().data(), *points = kernel.flat<float>().data();

    const Tiling tiling(x);
    const auto& pool = *context->device()->tensorflow_cpu_worker_threads();
    Shard(pool.num_threads, pool.workers, pairs / kVector, 1000, [&](int64_t a, int64_t b) {
      TransformKernel(weights, pairs, points, a * kVector, b * kVector);
    });
    const int64_t blocks = (tiling.count + kTiles - 1) / kTiles;
    Shard(pool.num_threads, pool.workers, blocks, kBlockCycles, [&](int64_t a, int64_t b) {
      float *inputs = Scratch(0, C), *products = Scratch(1, K);
      for (int64_t block = a; block < b; ++block) {
        const int64_t first = block * kTiles;
        const int count = std::min<int64_t>(kTiles, tiling.count - first);
        Transform<false>(from, tiling, C, first, count, inputs, Stride(C));
        for (int p = 0; p < kPoints; ++p)
          Multiply(inputs + p * Stride(C), C, 1, points + p * pairs, products + p * Stride(K),
                   count, K, C, false);
        TransformBack(products, Stride(K), tiling, K, first, count, bias, relu_, to);
      }
    });
  }

 private:
  bool relu_;
};

class SecnWinogradKernelGradient : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &dy = context->input(1);
    OP_REQUIRES(context, x.dims() == 4 && dy.dims() == 4, errors::InvalidArgument("4 dimensions"));
    const int64_t C = x.dim_size(3), K = dy.dim_size(3), pairs = C * K;
    for (int i = 0; i < 3; ++i)
      OP_REQUIRES(context, x.dim_size(i) == dy.dim_size(i),
                  errors::InvalidArgument("x and dy are of one size"));
    OP_REQUIRES(context, IsUsable(C) && IsUsable(K),
                errors::InvalidArgument("channels are multiples of 16, at most 1024"));
    const Tiling tiling(x);
    const auto& pool = *context->device()->tensorflow_cpu_worker_threads();
    const int64_t blocks = (tiling.count + kTiles - 1) / kTiles;
    // a thread sums over its own part of the tiles
    const int64_t parts = std::max<int64_t>(1, std::min<int64_t>(pool.num_threads, blocks));
    Tensor *dw = nullptr, sums;
    OP_REQUIRES_OK(context, context->allocate_output(0, {3, 3, C, K}, &dw));
    OP_REQUIRES_OK(context, context->allocate_temp(DT_FLOAT, {parts, kPoints, C, K}, &sums));
    const float *from = x.flat<float>().data(), *gradient = dy.flat<float>().data();
    float *products = sums.flat<float>().data(), *to = dw->flat<float>().data();

    Shard(pool.num_threads, pool.workers, parts, kBlockCycles * blocks, [&](int64_t a, int64_t b) {
      float *inputs = Scratch(0, C), *outputs = Scratch(1, K);
      for (int64_t part = a; part < b; ++part) {
        float* sum = products + part * kPoints * pairs;
        std::memset(sum, 0, kPoints * pairs * sizeof(float));
        for (int64_t block = blocks * part / parts; block < blocks * (part + 1) / parts; ++block) {
          const int64_t first = block * kTiles;
          const int count = std::min<int64_t>(kTiles, tiling.count - first);
          Transform<false>(from, tiling, C, first, count, inputs, Stride(C));
          Transform<true>(gradient, tiling, K, first, count, outputs, Stride(K));
          for (int p = 0; p < kPoints; ++p)
            Multiply(inputs + p * Stride(C), 1, C, outputs + p * Stride(K), sum + p * pairs, C, K,
                     count, true);
        }
      }
    });
    Shard(pool.num_threads, pool.workers, pairs / kVector, 1000, [&](int64_t a, int64_t b) {
      TransformKernelBack(products, parts, pairs, to, a * kVector, b * kVector);
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("SecnWinogradConv").Device(DEVICE_CPU), SecnWinogradConv);
REGISTER_KERNEL_BUILDER(Name("SecnWinogradKernelGradient").Device(DEVICE_CPU),
                        SecnWinogradKernelGradient);
