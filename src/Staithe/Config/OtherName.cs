namespace Staithe.Config;

/// <summary>What settings are called in other programs, for a message to whoever writes one of those names.</summary>
internal static class OtherName
{
    static readonly Dictionary<string, string> Keys = new()
    {
        ["p"] = Settings.Listen.Key,
        ["l"] = Settings.Listen.Key,
        ["port"] = Settings.Listen.Key,
        ["ports"] = Settings.Listen.Key,
        ["bind"] = Settings.Listen.Key,
        ["bindaddr"] = Settings.Listen.Key,
        ["bindaddress"] = Settings.Listen.Key,
        ["host"] = Settings.Listen.Key,
        ["hostname"] = Settings.Listen.Key,
        ["addr"] = Settings.Listen.Key,
        ["address"] = Settings.Listen.Key,
        ["httpaddr"] = Settings.Listen.Key,
        ["httpport"] = Settings.Listen.Key,
        ["interface"] = Settings.Listen.Key,
        ["d"] = Settings.Data.Key,
        ["dir"] = Settings.Data.Key,
        ["datadir"] = Settings.Data.Key,
        ["datadirectory"] = Settings.Data.Key,
        ["dataroot"] = Settings.Data.Key,
        ["datapath"] = Settings.Data.Key,
        ["directory"] = Settings.Data.Key,
        ["root"] = Settings.Data.Key,
        ["rootdirectory"] = Settings.Data.Key,
        ["storage"] = Settings.Data.Key,
        ["volume"] = Settings.Data.Key,
        ["db"] = Settings.Database.Key,
        ["dburl"] = Settings.Database.Key,
        ["databaseurl"] = Settings.Database.Key,
        ["dsn"] = Settings.Database.Key,
        ["postgres"] = Settings.Database.Key,
        ["postgresql"] = Settings.Database.Key,
        ["cert"] = Settings.TlsCertificate.Key,
        ["certificate"] = Settings.TlsCertificate.Key,
        ["certfile"] = Settings.TlsCertificate.Key,
        ["tlscert"] = Settings.TlsCertificate.Key,
        ["tlscertfile"] = Settings.TlsCertificate.Key,
        ["key"] = Settings.TlsKey.Key,
        ["keyfile"] = Settings.TlsKey.Key,
        ["tlskeyfile"] = Settings.TlsKey.Key,
        ["insecure"] = Settings.Open.Key,
        ["noauth"] = Settings.Open.Key,
        ["anonymous"] = Settings.Open.Key,
        ["loglevel"] = Settings.Log.Key,
        ["logformat"] = Settings.Log.Key,
        ["trustedproxies"] = Settings.Proxies.Key,
    };

    static readonly HashSet<string> OfFile = ["c", "f", "file", "conf", "configfile", "configpath", "configuration", "cfg", "settings"];

    /// <summary>The setting that another program calls so; null for none.</summary>
    public static Setting? Find(string name) =>
        Keys.TryGetValue(NearestName.Letters(name), out var key) ? Settings.All.First(setting => setting.Key == key) : null;

    /// <summary>Whether other programs call the file of settings so.</summary>
    public static bool IsOfFile(string name) => OfFile.Contains(NearestName.Letters(name));
}
