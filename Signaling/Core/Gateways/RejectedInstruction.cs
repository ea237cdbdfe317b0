using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Gateways;

/// <summary>An instruction whose number and id were readable and the rest was not.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Id">Its id.</param>
/// <param name="Fault">What is wrong with it.</param>
public sealed record RejectedInstruction(ulong Seq, string Id, SmaFault Fault);
