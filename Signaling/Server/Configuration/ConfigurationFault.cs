namespace MediaRelay.Server.Configuration;

/// <summary>One operator's mistake in the configuration: the full key and one sentence that says what is wrong, what is allowed, and an example.</summary>
internal readonly record struct ConfigurationFault(string Key, string Sentence)
{
    public override string ToString() => Sentence;
}
