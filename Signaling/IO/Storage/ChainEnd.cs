namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Where a hash chain ended at some time. Kept in another place it shows later that the chain was cut.</summary>
/// <param name="Number">Number of the last record or position; 0 for none.</param>
/// <param name="Hash">Its chain value, 64 hexadecimal digits.</param>
public readonly record struct ChainEnd(long Number, string Hash);
