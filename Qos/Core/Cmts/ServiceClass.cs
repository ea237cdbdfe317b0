using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>A named set of service flow parameters for one direction.</summary>
public sealed record ServiceClass(string Name, GateDirection Direction, ServiceFlowParameters Parameters);
