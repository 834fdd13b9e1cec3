module consumer.jetty {
    requires java.net.http;
    requires org.relay4j.jetty;
    requires org.relay4j.server;
}
