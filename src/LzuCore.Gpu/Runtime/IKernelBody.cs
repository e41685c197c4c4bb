namespace LzuCore.Gpu.Runtime;

/// <summary>One kernel: a blittable struct that holds all arguments (views, sizes, strides) and says what the thread of one index does.</summary>
/// <remarks>The same method runs compiled to PTX on a GPU, on ILGPU's simulator, and called directly on the host. It may not use shared memory or
/// barriers (ILGPU refuses them in implicitly grouped kernels), and two indices may not write the same element.</remarks>
internal interface IKernelBody
{
    /// <summary>The work of one index in [0, count).</summary>
    void Run(int index);
}
