namespace LzuCore.Gpu.Interop;

// Values of cudnn_graph.h, cuDNN 9: those that a convolution graph needs.

/// <summary><c>cudnnBackendDescriptorType_t</c>.</summary>
internal enum CudnnBackendType
{
    Pointwise = 0,
    Convolution = 1,
    Engine = 2,
    EngineConfig = 3,
    EngineHeuristic = 4,
    ExecutionPlan = 5,
    ConvolutionForward = 10,
    PointwiseOperation = 13,
    OperationGraph = 15,
    VariantPack = 16,
    Tensor = 17,
}

/// <summary><c>cudnnBackendAttributeType_t</c>: how the bytes of an attribute are read.</summary>
internal enum CudnnAttributeType
{
    Handle = 0,
    DataType = 1,
    Boolean = 2,
    Int64 = 3,
    Float = 4,
    VoidPointer = 6,
    ConvolutionMode = 7,
    HeuristicMode = 8,
    NanPropagation = 10,
    NumericalNote = 11,
    PointwiseMode = 14,
    Descriptor = 15,
    Char = 24,
}

/// <summary><c>cudnnBackendAttributeName_t</c>.</summary>
internal enum CudnnAttribute
{
    PointwiseMode = 0,
    PointwisePrecision = 1,
    PointwiseNan = 2,
    ConvolutionPrecision = 100,
    ConvolutionMode = 101,
    ConvolutionDilations = 102,
    ConvolutionStrides = 103,
    ConvolutionPostPaddings = 104,
    ConvolutionPrePaddings = 105,
    ConvolutionSpatialDims = 106,
    HeuristicMode = 200,
    HeuristicGraph = 201,
    HeuristicResults = 202,
    EngineConfigEngine = 300,
    PlanHandle = 400,
    PlanEngineConfig = 401,
    PlanWorkspaceSize = 402,
    PlanJson = 405,
    ForwardAlpha = 700,
    ForwardBeta = 701,
    ForwardConvolution = 702,
    ForwardW = 703,
    ForwardX = 704,
    ForwardY = 705,
    PointwiseDescriptor = 750,
    PointwiseX = 751,
    PointwiseB = 752,
    PointwiseY = 753,
    PointwiseAlpha1 = 754,
    PointwiseAlpha2 = 755,
    GraphHandle = 800,
    GraphOperations = 801,
    TensorAlignment = 900,
    TensorDataType = 901,
    TensorDims = 902,
    TensorStrides = 903,
    TensorId = 906,
    TensorIsVirtual = 907,
    PackIds = 1000,
    PackPointers = 1001,
    PackWorkspace = 1003,
    EngineNumericalNotes = 1303,
}

/// <summary><c>cudnnPointwiseMode_t</c>.</summary>
internal enum CudnnPointwise
{
    Add = 0,
    Relu = 100,
}

/// <summary><c>cudnnBackendHeurMode_t</c>. A is quick; B asks a model and costs 10 to 100 times A's time; the fallback list is functional and slow.</summary>
internal enum CudnnHeuristic
{
    B = 1,
    Fallback = 2,
    A = 3,
}

/// <summary><c>cudnnBackendNumericalNote_t</c>: what an engine does to the numbers.</summary>
internal enum CudnnNumericalNote
{
    TensorCore = 0,
    DownConvertInputs = 1,
    NonDeterministic = 4,
}
