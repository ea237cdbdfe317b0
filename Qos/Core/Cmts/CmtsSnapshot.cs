using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>One gate as a page or a test sees it.</summary>
public sealed record CmtsGateView(
    GateId Id, Amid Owner, SubscriberId Subscriber, GateDirection Direction, GateState State, uint ServiceFlow, SchedulingType Scheduling,
    double ReservedBitsPerSecond, ulong UsageKilobytes, uint CommittedSeconds, int Classifiers, byte SessionClass, ulong Opaque);

/// <summary>One modem that has gates or has been lost.</summary>
public sealed record CmtsModemView(SubscriberId Address, bool IsOnline, int Gates, int Sids);

/// <summary>A moment of the emulated CMTS.</summary>
public sealed record CmtsSnapshot(
    IReadOnlyList<CmtsGateView> Gates, IReadOnlyList<CmtsModemView> Modems, double ReservedUp, double CapacityUp, double ReservedDown, double CapacityDown,
    int PolicyServers, int GateCount);
