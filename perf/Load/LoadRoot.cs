using System.CommandLine;

namespace MediaRelay.Load;

/// <summary>Root of the load tool. To add a load: write <c>XLoad.cs</c> with a static <c>Create()</c> and add one line below.</summary>
internal static class LoadRoot
{
    public static RootCommand Create() => new("MediaRelay load generator: each command prints one table.")
    {
        RelayLoad.Create(),
        MediaLoad.Create(),
        QosLoad.Create(),
        SignalingLoad.Create(),
        SignalingLoad.CreateServer(),
    };
}
