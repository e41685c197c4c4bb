namespace LzuCore.Ops;

/// <summary>Every function of tensors. Core verbs are extension members (<c>x.Sum()</c>, <c>x + y</c>); neural-network functions are plain statics
/// (<c>F.Conv2d(x, w)</c>). Each op is one file of this folder: its documentation, checks, forward and backward.</summary>
public static partial class F;
