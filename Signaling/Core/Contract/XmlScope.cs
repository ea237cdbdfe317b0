namespace MediaRelay.Signaling.Contract;

/// <summary>An element whose children are being walked by an <see cref="XmlCursor"/>.</summary>
internal readonly record struct XmlScope(int Depth, bool IsEmpty);
