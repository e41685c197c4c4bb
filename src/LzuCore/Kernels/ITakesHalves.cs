namespace LzuCore.Kernels;

/// <summary>Marks a kernel whose forward pass (of a convolution: all passes) also takes float16 and bfloat16, all operands alike but coordinates, which stay float32. Sums are float32.
/// Others are given float32 copies.</summary>
public interface ITakesHalves;
