using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>A relation between two numbers. NaN is unequal to everything and neither less nor greater.</summary>
public enum Relation
{
    /// <summary>a = b.</summary>
    Equal,
    /// <summary>a ≠ b.</summary>
    NotEqual,
    /// <summary>a &lt; b.</summary>
    Less,
    /// <summary>a ≤ b.</summary>
    LessOrEqual,
    /// <summary>Both differ from 0.</summary>
    And,
    /// <summary>One differs from 0.</summary>
    Or,
}

/// <summary>Relations and choices, elementwise with broadcasting. Any layouts.</summary>
public interface ICompareKernel : IKernel
{
    /// <summary>output[i] = relation(a[i], b[i]). a and b share a dtype of float32, float64, int64, uint8 or bool; output is bool.</summary>
    void Compare(Relation relation, TensorView a, TensorView b, TensorView output);

    /// <summary>output[i] = condition[i] ? a[i] : b[i]. condition is bool; a, b and output share any dtype.</summary>
    void Select(TensorView condition, TensorView a, TensorView b, TensorView output);
}
